package dev.banger.guest;

import java.time.Duration;

/**
 * How long the host waits. {@code request}: for an answer that takes no work; {@code work}: for
 * sync, freeze, grow, trim; a guest that answers no ping for {@code pingLimit} is lost.
 */
public record GuestLimits(Duration request, Duration work, Duration pingEvery, Duration pingLimit) {
  private static final GuestLimits STANDARD =
      new GuestLimits(
          Duration.ofSeconds(15),
          Duration.ofSeconds(120),
          Duration.ofSeconds(2),
          Duration.ofSeconds(15));
  private static final int EMULATION_FACTOR = 4;

  public GuestLimits {
    if (!request.isPositive()
        || !work.isPositive()
        || !pingEvery.isPositive()
        || !pingLimit.isPositive()) {
      throw new IllegalArgumentException("a limit that is not positive");
    }
  }

  /** For a guest on real hardware. */
  public static GuestLimits standard() {
    return STANDARD;
  }

  /** For a guest whose processor is emulated. */
  public static GuestLimits emulated() {
    return new GuestLimits(
        STANDARD.request.multipliedBy(EMULATION_FACTOR),
        STANDARD.work.multipliedBy(EMULATION_FACTOR),
        STANDARD.pingEvery,
        STANDARD.pingLimit.multipliedBy(EMULATION_FACTOR));
  }
}
