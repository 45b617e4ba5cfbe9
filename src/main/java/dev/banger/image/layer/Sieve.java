package dev.banger.image.layer;

/** Says of each path of a layer what becomes of it. */
@FunctionalInterface
public interface Sieve {
  /** What becomes of an entry. */
  enum Fate {
    KEPT,
    /** A file stays, without its content; anything else is kept. */
    EMPTIED,
    /** Other names of the same file stay. */
    LEFT_OUT
  }

  /** Nothing is left out. */
  Sieve OPEN = _ -> Fate.KEPT;

  /**
   * What becomes of this one.
   *
   * @param path from the root on, as {@code etc/passwd}: no slash at either end
   */
  Fate fate(String path);
}
