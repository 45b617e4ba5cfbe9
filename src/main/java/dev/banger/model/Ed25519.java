package dev.banger.model;

import java.security.interfaces.EdECPublicKey;

/** Keys of RFC 8032 as they stand in files and words; the JDK knows their points only. */
public final class Ed25519 {
  /** Bytes of a key, of either half. */
  public static final int LENGTH = 32;

  /** In the last byte of a public key: whether x is odd. */
  public static final int ODD = 0x80;

  private Ed25519() {}

  /** The y coordinate, lowest byte first, and in its highest bit whether x is odd. */
  public static byte[] encoded(EdECPublicKey key) {
    byte[] highestFirst = key.getPoint().getY().toByteArray();
    byte[] encoded = new byte[LENGTH];
    for (int i = 0; i < Math.min(LENGTH, highestFirst.length); i++) {
      encoded[i] = highestFirst[highestFirst.length - 1 - i];
    }
    encoded[LENGTH - 1] |= (byte) (key.getPoint().isXOdd() ? ODD : 0);
    return encoded;
  }
}
