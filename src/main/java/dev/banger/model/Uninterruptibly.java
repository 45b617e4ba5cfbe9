package dev.banger.model;

/** Waits that must not be cut short. */
public final class Uninterruptibly {
  private Uninterruptibly() {}

  /** Waits for the thread's end; being interrupted meanwhile is remembered for the caller. */
  public static void join(Thread worker) {
    boolean interrupted = false;
    while (true) {
      try {
        worker.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
