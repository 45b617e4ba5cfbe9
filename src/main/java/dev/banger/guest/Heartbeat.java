package dev.banger.guest;

import dev.banger.yamux.YamuxSession;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Asks the guest for a sign of life again and again; ends the session when none comes. */
final class Heartbeat {
  private final YamuxSession session;
  private final GuestLimits limits;
  private final CountDownLatch ended = new CountDownLatch(1);

  Heartbeat(YamuxSession session, GuestLimits limits) {
    this.session = session;
    this.limits = limits;
  }

  void run() {
    session.onClosed(reason -> ended.countDown());
    try {
      while (!ended.await(limits.pingEvery().toNanos(), TimeUnit.NANOSECONDS)) {
        var _ = session.ping(limits.pingLimit());
      }
    } catch (IOException e) {
      session.abort(new IOException("the guest does not answer", e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
