package dev.banger.cli;

import dev.banger.model.ByteSize;

/** Numbers for people. */
final class Human {
  private static final long MINUTE = 60;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  private Human() {}

  static String size(long bytes) {
    return new ByteSize(bytes).toString();
  }

  /** {@code 3m} since that moment. */
  static String age(long now, long then) {
    long seconds = Math.max(0, now - then) / 1000;
    if (seconds < 2 * MINUTE) {
      return seconds + "s";
    }
    if (seconds < 2 * HOUR) {
      return seconds / MINUTE + "m";
    }
    return seconds < 2 * DAY ? seconds / HOUR + "h" : seconds / DAY + "d";
  }

  /** {@code 840 ms}, {@code 3.2 s}. */
  static String duration(long millis) {
    return millis < 1000 ? millis + " ms" : millis / 1000 + "." + millis % 1000 / 100 + " s";
  }
}
