package dev.banger.model;

import java.util.regex.Pattern;

/** A VM's name: a DNS label, since it is the guest's host name and {@code <name>.vm}. */
public record VmName(String value) {
  private static final Pattern SHAPE = Pattern.compile("[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

  public VmName {
    if (!SHAPE.matcher(value).matches()) {
      throw new IllegalArgumentException("not a VM name: " + value);
    }
  }

  /** Checks what a user typed. */
  public static VmName parse(String text) throws BangerException {
    if (!SHAPE.matcher(text).matches()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "'" + text + "' cannot be the name of a VM",
          "use 1 to 63 lower-case letters, digits and '-', beginning with a letter, not ending in '-'");
    }
    return new VmName(text);
  }

  @Override
  public String toString() {
    return value;
  }
}
