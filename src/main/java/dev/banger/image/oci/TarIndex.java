package dev.banger.image.oci;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Where the files in a tar file are, so that they can be read in any order: ustar, with the long
 * names of POSIX and of GNU. Links are other names of files. Only for archives of images; what is
 * in their layers is another matter.
 */
final class TarIndex {
  private static final int BLOCK = 512;
  private static final int MOST_ENTRIES = 100_000;
  private static final int LONG_NAME_LIMIT = 64 << 10;
  private static final int MOST_LINKS = 8;

  /** The content of a file. */
  record Extent(long offset, long size) {}

  private final FileChannel file;
  private final Map<String, Extent> extents = new HashMap<>();
  private final Map<String, String> links = new HashMap<>();
  private final Map<String, String> coming = new HashMap<>();

  private TarIndex(FileChannel file) {
    this.file = file;
  }

  static TarIndex read(FileChannel file) throws IOException {
    TarIndex index = new TarIndex(file);
    index.readAll();
    return index;
  }

  Extent find(String name) throws MalformedException {
    String target = name;
    for (int i = 0; i <= MOST_LINKS; i++) {
      Extent extent = extents.get(target);
      if (extent != null) {
        return extent;
      }
      String next = links.get(target);
      if (next == null) {
        break;
      }
      target = next;
    }
    throw new MalformedException("the archive has no file " + OutsideText.clean(name, 100));
  }

  private void readAll() throws IOException {
    long position = 0;
    for (int entries = 0; position + BLOCK <= file.size(); entries++) {
      if (entries > MOST_ENTRIES) {
        throw new MalformedException("it has more than " + MOST_ENTRIES + " files");
      }
      byte[] header = bytes(position, BLOCK);
      if (isEmpty(header)) {
        return;
      }
      checkSum(header);
      long size = size(header);
      long content = position + BLOCK;
      if (size < 0 || size > file.size() - content) {
        throw new MalformedException("it is cut off");
      }
      take(header, content, size);
      position = content + Math.ceilDiv(size, BLOCK) * BLOCK;
    }
  }

  private long size(byte[] header) throws MalformedException {
    String size = coming.remove("size");
    try {
      return size == null ? number(header, 124, 12) : Long.parseLong(size);
    } catch (NumberFormatException e) {
      throw new MalformedException("it has a file whose size is no number");
    }
  }

  private void take(byte[] header, long content, long size) throws IOException {
    switch (header[156]) {
      case 'x' -> pax(bytes(content, limited(size)));
      case 'L' -> coming.put("path", text(bytes(content, limited(size)), 0, (int) size));
      case 'K' -> coming.put("linkpath", text(bytes(content, limited(size)), 0, (int) size));
      case 'g' -> {}
      default -> file(header, new Extent(content, size));
    }
  }

  private void file(byte[] header, Extent extent) {
    String prefix = isPosix(header) ? text(header, 345, 155) : "";
    String plain = text(header, 0, 100);
    String name = coming.getOrDefault("path", prefix.isEmpty() ? plain : prefix + "/" + plain);
    String link = coming.getOrDefault("linkpath", text(header, 157, 100));
    coming.clear();
    String key = normal(name);
    extents.remove(key);
    links.remove(key);
    switch (header[156]) {
      case '0', 0, '7' -> extents.put(key, extent);
      case '1' -> links.put(key, normal(link));
      case '2' -> {
        int slash = key.lastIndexOf('/');
        links.put(key, normal(slash < 0 ? link : key.substring(0, slash) + "/" + link));
      }
      default -> {}
    }
  }

  private static int limited(long size) throws MalformedException {
    if (size > LONG_NAME_LIMIT) {
      throw new MalformedException("it has a name longer than " + LONG_NAME_LIMIT + " bytes");
    }
    return (int) size;
  }

  /** Records {@code LENGTH NAME=VALUE\n}. */
  private void pax(byte[] records) throws MalformedException {
    int at = 0;
    while (at < records.length) {
      int space = at;
      while (space < records.length && records[space] != ' ') {
        space++;
      }
      int length = length(new String(records, at, space - at, StandardCharsets.US_ASCII));
      if (length <= space - at || length > records.length - at) {
        throw new MalformedException("it has a pax record of a wrong length");
      }
      String record =
          new String(records, space + 1, at + length - space - 2, StandardCharsets.UTF_8);
      int equals = record.indexOf('=');
      if (equals > 0) {
        coming.put(record.substring(0, equals), record.substring(equals + 1));
      }
      at += length;
    }
  }

  private static int length(String digits) throws MalformedException {
    if (!digits.matches("[0-9]{1,6}")) {
      throw new MalformedException("it has a pax record without a length");
    }
    return Integer.parseInt(digits);
  }

  private static boolean isPosix(byte[] header) {
    return text(header, 257, 6).equals("ustar") && header[263] == '0';
  }

  private static void checkSum(byte[] header) throws MalformedException {
    long sum = 0;
    for (int i = 0; i < BLOCK; i++) {
      sum += i >= 148 && i < 156 ? ' ' : Byte.toUnsignedInt(header[i]);
    }
    if (sum != number(header, 148, 8)) {
      throw new MalformedException("it is no tar archive, or damaged");
    }
  }

  /** Octal digits, or where those are too few, bytes (GNU). */
  private static long number(byte[] header, int at, int length) throws MalformedException {
    long value = 0;
    if ((header[at] & 0x80) != 0) {
      for (int i = at + length - 8; i < at + length; i++) {
        value = (value << 8) | (header[i] & 0xff);
      }
      return value;
    }
    String digits = text(header, at, length).strip();
    if (!digits.matches("[0-7]{0,12}")) {
      throw new MalformedException("it is no tar archive, or damaged");
    }
    return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
  }

  private static String text(byte[] bytes, int at, int length) {
    int end = at;
    while (end < at + length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, at, end - at, StandardCharsets.UTF_8);
  }

  /** Without {@code .}, {@code ..} and slashes that mean nothing. */
  private static String normal(String name) {
    Deque<String> parts = new ArrayDeque<>();
    for (String part : name.split("/", -1)) {
      if (part.equals("..")) {
        parts.pollLast();
      } else if (!part.isEmpty() && !part.equals(".")) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }

  private static boolean isEmpty(byte[] block) {
    for (byte b : block) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  private byte[] bytes(long position, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (file.read(bytes, position + bytes.position()) < 0) {
        throw new MalformedException("it is cut off");
      }
    }
    return bytes.array();
  }
}
