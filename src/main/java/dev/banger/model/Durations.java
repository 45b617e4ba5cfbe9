package dev.banger.model;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lengths of time as people write them: {@code 90s}, {@code 10m}, {@code 1h30m}, {@code 2d}. */
public final class Durations {
  private static final Pattern SHAPE =
      Pattern.compile(
          "(?:(\\d{1,6})d)?(?:(\\d{1,6})h)?(?:(\\d{1,6})m)?(?:(\\d{1,9})s)?(?:(\\d{1,9})ms)?");

  private Durations() {}

  /** Checks what a user typed; {@code what} is named when it is wrong. Never zero. */
  public static Duration parse(String what, String text) throws BangerException {
    Matcher matcher = SHAPE.matcher(text);
    if (matcher.matches()) {
      Duration duration =
          Duration.ofDays(number(matcher, 1))
              .plusHours(number(matcher, 2))
              .plusMinutes(number(matcher, 3))
              .plusSeconds(number(matcher, 4))
              .plusMillis(number(matcher, 5));
      if (duration.isPositive()) {
        return duration;
      }
    }
    throw new BangerException(
        ErrorCode.INVALID,
        "'" + text + "' is no length of time for " + what,
        "write a number with a unit, as 90s, 10m, 1h30m or 2d");
  }

  private static long number(Matcher matcher, int group) {
    String digits = matcher.group(group);
    return digits == null ? 0 : Long.parseLong(digits);
  }

  /** As {@link #parse} reads it. */
  public static String text(Duration duration) {
    StringBuilder text = new StringBuilder();
    unit(text, duration.toDays(), "d");
    unit(text, duration.toHoursPart(), "h");
    unit(text, duration.toMinutesPart(), "m");
    unit(text, duration.toSecondsPart(), "s");
    unit(text, duration.toMillisPart(), "ms");
    return text.isEmpty() ? "0s" : text.toString();
  }

  private static void unit(StringBuilder text, long number, String unit) {
    if (number > 0) {
      text.append(number).append(unit);
    }
  }
}
