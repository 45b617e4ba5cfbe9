package dev.banger.image.oci;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How often something is tried again that may be better soon, and how long it waits before.
 *
 * @param attempts without progress, the first included
 * @param first pause; each following one is twice as long
 * @param longest pause
 * @param longestAsked pause that a server may ask for; one that asks for more has refused
 * @param silence how long a server may say nothing
 */
record RetryPolicy(
    int attempts, Duration first, Duration longest, Duration longestAsked, Duration silence) {
  static final RetryPolicy USUAL =
      new RetryPolicy(
          5,
          Duration.ofMillis(500),
          Duration.ofSeconds(10),
          Duration.ofSeconds(90),
          Duration.ofSeconds(60));

  /** The same without a second attempt. */
  RetryPolicy once() {
    return new RetryPolicy(1, first, longest, longestAsked, silence);
  }

  /**
   * Before the attempt that follows this many failed ones; by chance, so that all do not come at
   * once.
   */
  Duration pause(int failed) {
    long most = Math.min(longest.toMillis(), first.toMillis() << Math.min(failed - 1, 20));
    return Duration.ofMillis(ThreadLocalRandom.current().nextLong(most / 2, most + 1));
  }
}
