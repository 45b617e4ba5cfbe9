package dev.banger.cli;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One entry's header; reads ustar, pax and GNU's long names.
 *
 * @param type as in the archive: 0 file, 1 hard link, 2 symlink, 5 directory, …
 */
record TarHeader(String name, char type, int mode, long size, long time, String target) {
  static final int BLOCK = 512;
  private static final int EXTENSION_LIMIT = 1 << 20;

  /** The next entry; null at the end of the archive. */
  static @Nullable TarHeader read(InputStream in) throws IOException {
    Map<String, String> extended = new HashMap<>();
    while (true) {
      byte[] block = in.readNBytes(BLOCK);
      if (block.length == 0 || isZero(block)) {
        return null;
      }
      if (block.length < BLOCK) {
        throw new EOFException("the archive ends in the middle of a header");
      }
      check(block);
      long size = number(block, 124, 12);
      switch (block[156]) {
        case 'x' -> pax(extension(in, size), extended);
        case 'g' -> extension(in, size);
        case 'L' -> extended.put("path", terminated(extension(in, size)));
        case 'K' -> extended.put("linkpath", terminated(extension(in, size)));
        default -> {
          return make(block, size, extended);
        }
      }
    }
  }

  private static TarHeader make(byte[] block, long size, Map<String, String> extended)
      throws IOException {
    String prefix = text(block, 345, 155);
    String name = text(block, 0, 100);
    String length = extended.get("size");
    try {
      return new TarHeader(
          extended.getOrDefault("path", prefix.isEmpty() ? name : prefix + "/" + name),
          block[156] == 0 || block[156] == '7' ? '0' : (char) block[156],
          (int) number(block, 100, 8) & 07777,
          length == null ? size : Long.parseLong(length),
          number(block, 136, 12),
          extended.getOrDefault("linkpath", text(block, 157, 100)));
    } catch (NumberFormatException e) {
      throw new IOException("a size in the archive is no number: " + length, e);
    }
  }

  private static void check(byte[] block) throws IOException {
    int sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      sum += i >= 148 && i < 156 ? ' ' : Byte.toUnsignedInt(block[i]);
    }
    if (sum != number(block, 148, 8)) {
      throw new IOException("this is no tar archive, or a damaged one: a checksum is wrong");
    }
  }

  private static byte[] extension(InputStream in, long size) throws IOException {
    if (size > EXTENSION_LIMIT) {
      throw new IOException("a name in the archive has " + size + " bytes");
    }
    byte[] bytes = in.readNBytes((int) size);
    in.skipNBytes(-size & (BLOCK - 1));
    return bytes;
  }

  /** Records {@code length key=value\n}, the length counting all of it. */
  private static void pax(byte[] bytes, Map<String, String> extended) throws IOException {
    int at = 0;
    while (at < bytes.length) {
      int space = at;
      int length = 0;
      while (space < bytes.length && bytes[space] != ' ' && length < EXTENSION_LIMIT) {
        length = 10 * length + Character.digit(bytes[space++], 10);
      }
      if (length <= space - at || at + length > bytes.length) {
        throw new IOException("an extended header in the archive is damaged");
      }
      String record = new String(bytes, space + 1, at + length - space - 2, StandardCharsets.UTF_8);
      int equals = record.indexOf('=');
      if (equals > 0) {
        extended.put(record.substring(0, equals), record.substring(equals + 1));
      }
      at += length;
    }
  }

  private static String terminated(byte[] bytes) {
    return text(bytes, 0, bytes.length);
  }

  private static String text(byte[] block, int at, int length) {
    int end = at;
    while (end < at + length && block[end] != 0) {
      end++;
    }
    return new String(block, at, end - at, StandardCharsets.UTF_8);
  }

  /** Octal, or GNU's base 256. */
  private static long number(byte[] block, int at, int length) throws IOException {
    long number = 0;
    if (block[at] < 0) {
      for (int i = at + length - 8; i < at + length; i++) {
        number = number << 8 | Byte.toUnsignedInt(block[i]);
      }
    } else {
      for (int i = at; i < at + length; i++) {
        if (block[i] >= '0' && block[i] <= '7') {
          number = number << 3 | (block[i] - '0');
        } else if (block[i] != 0 && block[i] != ' ') {
          throw new IOException("a number in the archive is damaged");
        }
      }
    }
    if (number < 0) {
      throw new IOException("a number in the archive is negative");
    }
    return number;
  }

  private static boolean isZero(byte[] block) {
    for (byte b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }
}
