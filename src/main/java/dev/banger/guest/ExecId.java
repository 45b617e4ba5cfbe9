package dev.banger.guest;

import java.security.SecureRandom;
import java.util.HexFormat;

/** The name of an exec, chosen by the host: 16 bytes, written as 32 hexadecimal digits. */
public record ExecId(String hex) {
  private static final int BYTES = 16;

  /** The exec that the configuration's entrypoint runs as. */
  public static final ExecId ENTRYPOINT = new ExecId("0".repeat(2 * BYTES));

  public ExecId {
    if (HexFormat.of().parseHex(hex).length != BYTES) {
      throw new IllegalArgumentException("not an exec's id: " + hex);
    }
  }

  public static ExecId random() {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return new ExecId(HexFormat.of().formatHex(bytes));
  }

  void write(WireWriter out) {
    out.bytes(HexFormat.of().parseHex(hex));
  }

  static ExecId read(WireReader in) throws MalformedException {
    byte[] bytes = in.bytes();
    if (bytes.length != BYTES) {
      throw new MalformedException("the id of an exec has " + bytes.length + " bytes");
    }
    return new ExecId(HexFormat.of().formatHex(bytes));
  }

  @Override
  public String toString() {
    return hex;
  }
}
