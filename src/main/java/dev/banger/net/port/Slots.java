package dev.banger.net.port;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much may go through all ports of one VM at once: its channel has 256 streams for all. */
final class Slots {
  /** What waits for a place waits in the kernel's queue. */
  static final int CONNECTIONS = 160;

  static final int FLOWS = 48;

  private static final Logger LOG = LoggerFactory.getLogger(Slots.class);
  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final Duration SOON = Duration.ofMillis(100);
  private static final long SAY_AGAIN = Duration.ofSeconds(30).toNanos();

  private final String vm;
  private final Semaphore connections = new Semaphore(CONNECTIONS, true);
  private final Semaphore flows = new Semaphore(FLOWS);
  private final AtomicLong said = new AtomicLong(System.nanoTime() - SAY_AGAIN);

  /**
   * @param vm its name, for the log
   */
  Slots(String vm) {
    this.vm = vm;
  }

  /** Waits for a connection's place. */
  void enter() throws InterruptedException {
    if (!connections.tryAcquire(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
      say("connections", CONNECTIONS, "more of them wait until some have ended");
      connections.acquire();
    }
  }

  void leave() {
    connections.release();
  }

  /** A place for the datagrams of one client, if there is one. */
  boolean enterFlow() {
    return flows.tryAcquire();
  }

  /** As {@link #enterFlow}, when one has been asked to end; false when it has not ended soon. */
  boolean enterFlowSoon() throws InterruptedException {
    say("clients of UDP ports", FLOWS, "the longest silent ones are forgotten");
    return flows.tryAcquire(SOON.toNanos(), TimeUnit.NANOSECONDS);
  }

  void leaveFlow() {
    flows.release();
  }

  private void say(String what, int limit, String effect) {
    long last = said.get();
    long now = System.nanoTime();
    if (now - last >= SAY_AGAIN && said.compareAndSet(last, now)) {
      LOG.warn("vm={} its published ports have {} {}, the most: {}", vm, limit, what, effect);
    }
  }
}
