package dev.banger.journal;

/** Is told of every step; for tests, which end the daemon there. */
@FunctionalInterface
public interface StepObserver {
  /** Where in a step. */
  enum Moment {
    /** It is written down, and not yet taken. */
    BEFORE,
    /** It is taken, and not yet written down as done. */
    AFTER,
    /** All steps are done; that they are to be kept is not yet written down. */
    KEEPING,
    /** They are kept. */
    KEPT
  }

  void at(Moment moment, Step step);
}
