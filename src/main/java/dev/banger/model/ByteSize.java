package dev.banger.model;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A number of bytes. Units are binary, as docker and qemu read them: 1K = 1024. */
public record ByteSize(long bytes) implements Comparable<ByteSize> {
  private static final Pattern TEXT =
      Pattern.compile("(\\d{1,18})(?:\\.(\\d{1,3}))?([KMGT]?)(?:i?B)?");
  private static final String UNITS = "KMGT";

  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("negative size: " + bytes);
    }
  }

  public static ByteSize kib(long n) {
    return new ByteSize(n << 10);
  }

  public static ByteSize mib(long n) {
    return new ByteSize(n << 20);
  }

  public static ByteSize gib(long n) {
    return new ByteSize(n << 30);
  }

  /** Reads {@code 512M}, {@code 1.5G}, {@code 10GiB}, {@code 4096}. */
  public static ByteSize parse(String text) throws BangerException {
    Matcher m = TEXT.matcher(text.strip().toUpperCase(Locale.ROOT).replace("IB", "B"));
    if (!m.matches()) {
      throw bad(text);
    }
    int shift = m.group(3).isEmpty() ? 0 : 10 * (UNITS.indexOf(m.group(3)) + 1);
    try {
      long whole = Math.multiplyExact(Long.parseLong(m.group(1)), 1L << shift);
      String decimals = m.group(2);
      long part =
          decimals == null
              ? 0
              : (long) (Long.parseLong(decimals) / Math.pow(10, decimals.length()) * (1L << shift));
      return new ByteSize(Math.addExact(whole, part));
    } catch (ArithmeticException e) {
      throw bad(text);
    }
  }

  private static BangerException bad(String text) {
    return new BangerException(
        ErrorCode.INVALID,
        "cannot read the size '" + text + "'",
        "write a number with a unit: 512M, 1.5G, 10G");
  }

  /** Rounded up to a multiple of {@code unit}. */
  public ByteSize roundUp(ByteSize unit) {
    return new ByteSize(Math.multiplyExact(Math.ceilDiv(bytes, unit.bytes), unit.bytes));
  }

  @Override
  public int compareTo(ByteSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /** For people: {@code 512M}, {@code 1.5G}. */
  @Override
  public String toString() {
    int unit = -1;
    double value = bytes;
    while (value >= 1024 && unit < UNITS.length() - 1) {
      value /= 1024;
      unit++;
    }
    String suffix = unit < 0 ? "B" : UNITS.substring(unit, unit + 1);
    return value == Math.rint(value)
        ? (long) value + suffix
        : String.format(Locale.ROOT, "%.1f%s", value, suffix);
  }
}
