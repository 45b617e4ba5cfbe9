package dev.banger.model;

import java.util.regex.Pattern;

/** A VM's identity: 12 hex digits, never used again. */
public record VmId(String value) {
  private static final Pattern SHAPE = Pattern.compile("[0-9a-f]{12}");

  public VmId {
    if (!SHAPE.matcher(value).matches()) {
      throw new IllegalArgumentException("not a VM id: " + value);
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
