package dev.banger.vm;

/**
 * One thing about a VM that was looked at.
 *
 * @param name {@code guest disk}
 * @param found what is so, for people
 * @param cure what to do; empty when there is nothing to do
 */
public record HealthCheck(String name, Level level, String found, String cure) {
  /** How much it matters. */
  public enum Level {
    OK,
    /** It works, but not for long, or not wholly. */
    WARN,
    FAIL
  }

  static HealthCheck ok(String name, String found) {
    return new HealthCheck(name, Level.OK, found, "");
  }

  static HealthCheck warn(String name, String found, String cure) {
    return new HealthCheck(name, Level.WARN, found, cure);
  }

  static HealthCheck fail(String name, String found, String cure) {
    return new HealthCheck(name, Level.FAIL, found, cure);
  }
}
