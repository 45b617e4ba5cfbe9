package dev.banger.cli;

import java.time.Duration;

/** Says what is going on, once it lasts; for calls that report no progress of their own. */
final class SlowNotice implements AutoCloseable {
  private final ProgressView view;
  private final Thread clock;

  SlowNotice(ProgressView view, String what, Duration after) {
    this.view = view;
    this.clock =
        Thread.ofVirtual()
            .start(() -> {
              try {
                Thread.sleep(after);
                view.begin(what);
              } catch (InterruptedException e) {
                // It did not last.
              }
            });
  }

  /** Leaves the terminal as if nothing had been said. */
  @Override
  public void close() {
    clock.interrupt();
    boolean interrupted = false;
    while (clock.isAlive()) {
      try {
        clock.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    view.clear();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
