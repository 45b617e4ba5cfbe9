package dev.banger.image.oci;

/** Text of a stranger, made fit for a message to a person. */
final class OutsideText {
  private OutsideText() {}

  /** On one line, without control characters, cut off. */
  static String clean(String text, int limit) {
    String line = text.replaceAll("[\\p{Cntrl}\\p{Cf}\\p{Zl}\\p{Zp}\\s]+", " ").strip();
    return line.length() <= limit ? line : line.substring(0, limit) + "...";
  }
}
