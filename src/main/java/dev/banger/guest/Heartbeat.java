package dev.banger.guest;

import dev.banger.yamux.YamuxSession;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Asks the guest for a sign of life again and again; ends the session when none comes. */
final class Heartbeat {
  private final YamuxSession session;
  private final GuestLimits limits;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicLong answers = new AtomicLong();

  Heartbeat(YamuxSession session, GuestLimits limits) {
    this.session = session;
    this.limits = limits;
  }

  /** So far. */
  long answers() {
    return answers.get();
  }

  void run() {
    session.onClosed(reason -> ended.countDown());
    try {
      while (!ended.await(limits.pingEvery().toNanos(), TimeUnit.NANOSECONDS)) {
        var _ = session.ping(limits.pingLimit());
        answers.incrementAndGet();
      }
    } catch (IOException e) {
      session.abort(new IOException("the guest does not answer", e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
