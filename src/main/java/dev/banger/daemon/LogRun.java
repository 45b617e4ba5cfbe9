package dev.banger.daemon;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is left of one run of a log: its older and its newer half, and when what was written, as the
 * shim keeps them (guest/PROTOCOL.md, section 9). Offsets count from the run's first byte.
 *
 * @param name of the run; "0" for a log without marks
 * @param begins the offset of the first byte that is left
 * @param marks offsets, and the nanoseconds since 1970 when what follows was written
 */
@SuppressWarnings("ArrayRecordComponent") // read, never changed, and never compared
record LogRun(String name, long begins, byte[] bytes, NavigableMap<Long, Long> marks) {
  private static final int ATTEMPTS = 20;

  /** One of the two halves; {@code name} null when its marks are gone. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Half(
      @Nullable String name, long begins, byte[] bytes, NavigableMap<Long, Long> marks) {
    static final Half NONE = new Half(null, 0, new byte[0], new TreeMap<>());

    long end() {
      return begins + bytes.length;
    }
  }

  /** Empty when nothing was ever written; read again when the halves are turned meanwhile. */
  static LogRun read(Path log) throws IOException {
    for (int attempt = 1; ; attempt++) {
      String before = header(log);
      Half newer = half(log);
      Half older = half(log.resolveSibling(log.getFileName() + ".1"));
      if (before.equals(header(log)) || attempt == ATTEMPTS) {
        return joined(older, newer);
      }
    }
  }

  private static LogRun joined(Half older, Half newer) {
    if (newer.name() == null) {
      byte[] all = concatenated(older.bytes(), newer.bytes());
      return new LogRun(
          older.name() == null ? "0" : older.name(), older.begins(), all, older.marks());
    }
    if (!newer.name().equals(older.name()) || older.end() != newer.begins()) {
      return new LogRun(newer.name(), newer.begins(), newer.bytes(), newer.marks());
    }
    NavigableMap<Long, Long> marks = new TreeMap<>(older.marks());
    marks.putAll(newer.marks());
    return new LogRun(
        newer.name(), older.begins(), concatenated(older.bytes(), newer.bytes()), marks);
  }

  private static byte[] concatenated(byte[] first, byte[] second) {
    byte[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  private static String header(Path log) throws IOException {
    List<String> lines = lines(log);
    return lines.isEmpty() ? "" : lines.getFirst();
  }

  private static List<String> lines(Path log) throws IOException {
    byte[] text = bytes(log.resolveSibling(log.getFileName() + ".times"));
    return new String(text, StandardCharsets.US_ASCII).lines().toList();
  }

  private static byte[] bytes(Path file) throws IOException {
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return new byte[0]; // never written, or the shim has just put it aside
    }
  }

  private static Half half(Path log) throws IOException {
    List<String> lines = new ArrayList<>(lines(log));
    byte[] bytes = bytes(log);
    String[] header = lines.isEmpty() ? new String[0] : lines.getFirst().split("[= ]", -1);
    if (header.length != 4 || !isNumber(header[1]) || !isNumber(header[3])) {
      return bytes.length == 0 ? Half.NONE : new Half(null, 0, bytes, new TreeMap<>());
    }
    NavigableMap<Long, Long> marks = new TreeMap<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] words = line.split(" ", -1);
      if (words.length == 2 && isNumber(words[0]) && isNumber(words[1])) {
        marks.put(Long.parseLong(words[0]), Long.parseLong(words[1]));
      }
    }
    return new Half(header[1], Long.parseLong(header[3]), bytes, marks);
  }

  private static boolean isNumber(String word) {
    return word.matches("[0-9]{1,19}");
  }

  long end() {
    return begins + bytes.length;
  }

  boolean isEmpty() {
    return bytes.length == 0;
  }

  /**
   * The beginning of the first line that was written at or after this time; the end if none was.
   */
  long since(long nanos) {
    for (Map.Entry<Long, Long> mark : marks.entrySet()) {
      if (mark.getValue() >= nanos && mark.getKey() >= begins) {
        return lineStart(mark.getKey());
      }
    }
    return end();
  }

  private long lineStart(long offset) {
    int at = (int) Math.min(offset - begins, bytes.length);
    while (at > 0 && bytes[at - 1] != '\n') {
      at--;
    }
    return begins + at;
  }

  /** The beginning of the last so many lines, but not before {@code from}. */
  long lastLines(int count, long from) {
    int at = bytes.length;
    if (at > 0 && bytes[at - 1] == '\n') {
      at--;
    }
    for (int left = count; left > 0 && at > from - begins; left--) {
      do {
        at--;
      } while (at >= 0 && bytes[at] != '\n');
    }
    return Math.max(from, begins + at + 1);
  }

  /** When a byte was written; null when unknown. */
  @Nullable Long written(long offset) {
    Map.Entry<Long, Long> mark = marks.floorEntry(offset);
    return mark == null ? null : mark.getValue();
  }

  boolean beginsLine(long offset) {
    int at = (int) (offset - begins);
    return at <= 0 || bytes[at - 1] == '\n';
  }

  /** The last offset at which no character is cut in two. */
  long wholeEnd() {
    int at = bytes.length;
    int back = 0;
    while (back < 3 && at - back > 0 && (bytes[at - back - 1] & 0xC0) == 0x80) {
      back++;
    }
    if (at - back == 0) {
      return end();
    }
    int lead = Byte.toUnsignedInt(bytes[at - back - 1]);
    int wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return wanted > back + 1 ? end() - back - 1 : end();
  }

  String text(long from, long to) {
    return new String(bytes, (int) (from - begins), (int) (to - from), StandardCharsets.UTF_8);
  }
}
