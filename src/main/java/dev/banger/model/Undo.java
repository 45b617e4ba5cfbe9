package dev.banger.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Steps that take back half-done work. Closed without {@link #keep()} it runs them, newest first;
 * each runs even when another failed, and interrupts wait until all have run. Belongs to one
 * thread.
 */
public final class Undo implements AutoCloseable {
  /** Takes one step back. */
  @FunctionalInterface
  public interface Step {
    void run() throws Exception;
  }

  private record Named(String what, Step step) {}

  private final Deque<Named> steps = new ArrayDeque<>();

  /** Registers how to take back the step just done. */
  public void add(String what, Step step) {
    steps.push(new Named(what, step));
  }

  /** The work is whole: nothing is taken back. */
  public void keep() {
    steps.clear();
  }

  /** Runs what is registered; failures come together, as suppressed ones of a single exception. */
  @Override
  public void close() throws BangerException {
    if (steps.isEmpty()) {
      return;
    }
    List<Exception> failures = new ArrayList<>();
    Thread worker = Thread.ofVirtual().name("undo").start(() -> runAll(failures));
    Uninterruptibly.join(worker);
    if (!failures.isEmpty()) {
      BangerException all =
          new BangerException(
              ErrorCode.INTERNAL,
              "cannot take back " + failures.size() + " step(s)",
              "see the log; the next daemon tries again",
              failures.getFirst());
      failures.stream().skip(1).forEach(all::addSuppressed);
      throw all;
    }
  }

  private void runAll(List<Exception> failures) {
    while (!steps.isEmpty()) {
      Named next = steps.pop();
      try {
        next.step().run();
      } catch (Exception e) {
        failures.add(new IllegalStateException("undo of " + next.what() + " failed", e));
      }
    }
  }
}
