package dev.banger.net.port;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One socket of the host, and the port of a guest for which it stands. */
interface Relay extends AutoCloseable {
  Duration END_LIMIT = Duration.ofSeconds(2);

  /** From now on what comes is passed on; once. */
  void serve(GuestDialer dialer);

  /** Ends it and all that goes through it; then its port is free. */
  @Override
  void close();

  /** The kernel closes a socket when the thread that waits at it has left. */
  static void awaitEnd(@Nullable Thread waiter) {
    if (waiter == null) {
      return;
    }
    try {
      boolean _ = waiter.join(END_LIMIT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
