package dev.banger.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Packs files into a tar stream: ustar, with pax headers where ustar is too small. Sockets, devices
 * and pipes are left out, and counted.
 */
final class TarWriter {
  private static final int BLOCK = 512;
  private static final int NAME_LIMIT = 100;
  private static final long OCTAL_LIMIT = 1L << 33;
  private static final int TYPE_MASK = 0170000;
  private static final int DIRECTORY = 0040000;
  private static final int FILE = 0100000;
  private static final int LINK = 0120000;

  private final OutputStream out;
  private final boolean follow;
  private final byte[] buffer = new byte[64 << 10];
  private int skipped;

  /**
   * Writes to a stream, which it does not close.
   *
   * @param follow a symlink named by the user (not those below) is packed as what it points to
   */
  TarWriter(OutputStream out, boolean follow) {
    this.out = out;
    this.follow = follow;
  }

  /** How many things had no place in the archive. */
  int skipped() {
    return skipped;
  }

  /** Packs {@code source}, and all below it, as {@code name}. */
  void add(Path source, String name) throws IOException {
    add(source, name, follow);
  }

  /** Ends the archive. */
  void finish() throws IOException {
    out.write(new byte[2 * BLOCK]);
    out.flush();
  }

  private void add(Path source, String name, boolean throughLink) throws IOException {
    LinkOption[] options =
        throughLink ? new LinkOption[0] : new LinkOption[] {LinkOption.NOFOLLOW_LINKS};
    Map<String, Object> about =
        Files.readAttributes(source, "unix:mode,uid,gid,size,lastModifiedTime", options);
    int mode = (Integer) value(about, "mode");
    switch (mode & TYPE_MASK) {
      case DIRECTORY -> {
        header(name + "/", '5', about, 0, "");
        for (Path child : children(source)) {
          add(child, name + "/" + child.getFileName(), false);
        }
      }
      case FILE -> file(source, name, about);
      case LINK -> header(name, '2', about, 0, Files.readSymbolicLink(source).toString());
      default -> skipped++;
    }
  }

  private static List<Path> children(Path directory) throws IOException {
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      entries.forEach(children::add);
    }
    Collections.sort(children);
    return children;
  }

  private void file(Path source, String name, Map<String, Object> about) throws IOException {
    long size = (Long) value(about, "size");
    try (InputStream in = Files.newInputStream(source)) {
      header(name, '0', about, size, "");
      long left = size;
      while (left > 0) {
        int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
        if (n < 0) {
          throw new IOException(source + " became shorter while it was read");
        }
        out.write(buffer, 0, n);
        left -= n;
      }
    }
    pad(size);
  }

  private void header(String name, char type, Map<String, Object> about, long size, String target)
      throws IOException {
    Map<String, String> extended = new TreeMap<>();
    if (!fits(name)) {
      extended.put("path", name);
    }
    if (!fits(target)) {
      extended.put("linkpath", target);
    }
    if (size >= OCTAL_LIMIT) {
      extended.put("size", Long.toString(size));
    }
    if (!extended.isEmpty()) {
      pax(extended);
    }
    int mode = (Integer) value(about, "mode");
    int uid = (Integer) value(about, "uid");
    int gid = (Integer) value(about, "gid");
    FileTime time = (FileTime) value(about, "lastModifiedTime");
    long seconds = Math.max(0, time.toMillis() / 1000);
    block(name, type, mode & 07777, uid, gid, size, seconds, target);
  }

  private void pax(Map<String, String> extended) throws IOException {
    StringBuilder records = new StringBuilder();
    for (Map.Entry<String, String> record : extended.entrySet()) {
      String body = " " + record.getKey() + "=" + record.getValue() + "\n";
      int bytes = body.getBytes(StandardCharsets.UTF_8).length;
      int length = bytes + Integer.toString(bytes).length();
      length = bytes + Integer.toString(length).length();
      records.append(length).append(body);
    }
    byte[] bytes = records.toString().getBytes(StandardCharsets.UTF_8);
    block("pax", 'x', 0644, 0, 0, bytes.length, 0, "");
    out.write(bytes);
    pad(bytes.length);
  }

  private void block(
      String name, char type, int mode, int uid, int gid, long size, long time, String target)
      throws IOException {
    byte[] block = new byte[BLOCK];
    text(block, 0, NAME_LIMIT, name);
    octal(block, 100, 8, mode);
    octal(block, 108, 8, uid < 0 || uid >= 1 << 21 ? 0 : uid);
    octal(block, 116, 8, gid < 0 || gid >= 1 << 21 ? 0 : gid);
    octal(block, 124, 12, size < OCTAL_LIMIT ? size : 0);
    octal(block, 136, 12, Math.min(time, OCTAL_LIMIT - 1));
    block[156] = (byte) type;
    text(block, 157, NAME_LIMIT, target);
    text(block, 257, 8, "ustar\00000");
    int sum = 8 * ' ';
    for (byte b : block) {
      sum += Byte.toUnsignedInt(b);
    }
    octal(block, 148, 7, sum);
    block[155] = ' ';
    out.write(block);
  }

  private void pad(long size) throws IOException {
    out.write(new byte[(int) (-size & (BLOCK - 1))]);
  }

  /** ASCII, and short enough for ustar's own field. */
  private static boolean fits(String text) {
    return text.length() <= NAME_LIMIT && text.chars().allMatch(c -> c < 0x80);
  }

  private static void text(byte[] block, int at, int length, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(bytes, 0, block, at, Math.min(length, bytes.length));
  }

  /** Digits, then a NUL. */
  private static void octal(byte[] block, int at, int length, long number) {
    String digits = Long.toOctalString(number);
    int start = at + length - 1 - digits.length();
    for (int i = at; i < start; i++) {
      block[i] = '0';
    }
    text(block, start, digits.length(), digits);
  }

  private static Object value(Map<String, Object> about, String name) throws IOException {
    Object value = about.get(name);
    if (value == null) {
      throw new IOException("the file system tells no " + name);
    }
    return value;
  }
}
