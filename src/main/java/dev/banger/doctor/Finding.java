package dev.banger.doctor;

import java.util.Optional;

/**
 * What one check found.
 *
 * @param check its name: {@code QEMU}
 * @param found what is there, for people
 * @param cure what to do; empty when there is nothing to do
 * @param repair what doctor can do about it itself
 */
public record Finding(
    String check, Level level, String found, String cure, Optional<Repair> repair) {
  /** How much it matters. */
  public enum Level {
    OK,
    /** Works, with less comfort, speed or safety. */
    WARNING,
    /** The main job cannot be done. */
    ERROR
  }

  public Finding(String check, Level level, String found, String cure) {
    this(check, level, found, cure, Optional.empty());
  }

  Finding with(Repair its) {
    return new Finding(check, level, found, cure, Optional.of(its));
  }

  static Finding ok(String check, String found) {
    return new Finding(check, Level.OK, found, "");
  }

  static Finding warning(String check, String found, String cure) {
    return new Finding(check, Level.WARNING, found, cure);
  }

  static Finding error(String check, String found, String cure) {
    return new Finding(check, Level.ERROR, found, cure);
  }
}
