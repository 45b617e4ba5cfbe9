package dev.banger.image.layer;

import java.nio.charset.StandardCharsets;

/** Headers of a POSIX ustar archive, all of whose entries belong to root. */
public final class UstarHeader {
  /** Bytes of a header; contents are padded to a multiple of it. */
  public static final int RECORD = 512;

  private static final int CHECKSUM = 148;

  private UstarHeader() {}

  /**
   * One header.
   *
   * @param path of at most 100 bytes of ASCII
   * @param type as the format names it: 0, 5, x
   * @param size under 8 GiB
   * @param seconds since 1970
   */
  public static byte[] of(String path, char type, int mode, long size, long seconds) {
    byte[] header = new byte[RECORD];
    put(header, 0, path);
    put(header, 100, "%07o".formatted(mode));
    put(header, 108, "%07o".formatted(0));
    put(header, 116, "%07o".formatted(0));
    put(header, 124, "%011o".formatted(size));
    put(header, 136, "%011o".formatted(seconds));
    put(header, CHECKSUM, "        "); // counts as blanks
    header[156] = (byte) type;
    put(header, 257, "ustar\00000");
    int sum = 0;
    for (byte b : header) {
      sum += Byte.toUnsignedInt(b);
    }
    put(header, CHECKSUM, "%06o\0 ".formatted(sum));
    return header;
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }
}
