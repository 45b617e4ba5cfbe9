package dev.banger.net;

/** A bridge, and how all that belongs to it is called. */
record BridgeName(String text) {
  /** How banger's own begin; a number follows. */
  static final String USUAL = "banger";

  private static final int HASH = 0xffff;

  /** Of both families of the packet filter; banger0's is called as users expect it. */
  String table() {
    return text.equals(USUAL + 0) ? USUAL : text;
  }

  /** So short that a number fits behind it: an interface's name has at most 15 bytes. */
  String tapPrefix() {
    String number = text.startsWith(USUAL) ? text.substring(USUAL.length()) : "";
    return number.matches("[0-9]{1,2}")
        ? "bgt" + number + "-"
        : "bg" + Integer.toHexString(text.hashCode() & HASH) + "-";
  }

  boolean hasTap(String tap) {
    return tap.matches(tapPrefix() + "[0-9]+");
  }

  @Override
  public String toString() {
    return text;
  }
}
