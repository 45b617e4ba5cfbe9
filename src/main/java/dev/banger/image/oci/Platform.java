package dev.banger.image.oci;

import java.util.Locale;
import java.util.OptionalInt;

/**
 * What an image is made for, in the words of the image specification: {@code linux}, {@code arm},
 * {@code v7}. Other words for the same are made equal; a variant that goes without saying is empty.
 */
public record Platform(String os, String architecture, String variant) {
  public Platform(String os, String architecture, String variant) {
    this.os = os.toLowerCase(Locale.ROOT);
    this.architecture =
        switch (architecture.toLowerCase(Locale.ROOT)) {
          case "x86_64", "x86-64" -> "amd64";
          case "aarch64" -> "arm64";
          case "armhf", "armv7l" -> "arm";
          default -> architecture.toLowerCase(Locale.ROOT);
        };
    String plain = variant.toLowerCase(Locale.ROOT);
    this.variant = plain.equals("v" + usual(this.architecture)) ? "" : plain;
  }

  /** Of the guests on this host. */
  public static Platform host() {
    return new Platform("linux", System.getProperty("os.arch", ""), "");
  }

  /** The level of a variant that goes without saying. */
  private static int usual(String architecture) {
    return switch (architecture) {
      case "amd64" -> 1;
      case "arm64" -> 8;
      case "arm" -> 7;
      default -> 0;
    };
  }

  private OptionalInt level() {
    if (variant.isEmpty()) {
      return OptionalInt.of(usual(architecture));
    }
    boolean numbered = variant.matches("v[0-9]{1,2}");
    return numbered ? OptionalInt.of(Integer.parseInt(variant.substring(1))) : OptionalInt.empty();
  }

  /** How far an image is from the best that could run here; empty when it cannot run. */
  OptionalInt distance(Platform image) {
    if (!os.equals(image.os) || !architecture.equals(image.architecture)) {
      return OptionalInt.empty();
    }
    if (variant.equals(image.variant)) {
      return OptionalInt.of(0);
    }
    OptionalInt mine = level();
    OptionalInt theirs = image.level();
    boolean runs = mine.isPresent() && theirs.isPresent() && theirs.getAsInt() <= mine.getAsInt();
    return runs ? OptionalInt.of(mine.getAsInt() - theirs.getAsInt()) : OptionalInt.empty();
  }

  @Override
  public String toString() {
    return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
  }
}
