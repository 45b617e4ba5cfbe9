package dev.banger.image.layer;

import dev.banger.image.layer.SparseInput.Segment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A pax extended header: {@code length key=value\n} again and again (POSIX, pax). */
final class PaxHeader {
  private static final String ATTRIBUTE = "SCHILY.xattr.";
  private static final long NANOS = 1_000_000_000;

  private final Map<String, byte[]> values = new HashMap<>();
  private final List<Segment> sparse = new ArrayList<>();
  private long offset = -1;

  /** Adds what stands there; an empty value takes one away. */
  void add(byte[] text) throws LayerException {
    int at = 0;
    while (at < text.length) {
      int space = indexOf(text, ' ', at, text.length);
      long length = space < 0 ? -1 : decimal(text, at, space);
      if (length <= space + 1 - at || length > text.length - at) {
        throw new LayerException("a pax header is malformed");
      }
      int end = at + (int) length;
      int equals = indexOf(text, '=', space + 1, end);
      if (equals <= space + 1 || text[end - 1] != '\n') {
        throw new LayerException("a pax header is malformed");
      }
      String key = new String(text, space + 1, equals - space - 1, StandardCharsets.UTF_8);
      byte[] value = new byte[end - 1 - equals - 1];
      System.arraycopy(text, equals + 1, value, 0, value.length);
      put(key, value);
      at = end;
    }
  }

  private void put(String key, byte[] value) throws LayerException {
    if (key.equals("GNU.sparse.offset")) {
      offset = number(key, value);
    } else if (key.equals("GNU.sparse.numbytes")) {
      sparse.add(new Segment(offset, number(key, value)));
    } else if (value.length == 0 && !key.startsWith(ATTRIBUTE)) {
      values.remove(key);
    } else {
      values.put(key, value);
    }
  }

  void addAll(PaxHeader other) {
    values.putAll(other.values);
    sparse.addAll(other.sparse);
  }

  void clear() {
    values.clear();
    sparse.clear();
  }

  byte @Nullable [] bytes(String key) {
    return values.get(key);
  }

  long number(String key, long otherwise) throws LayerException {
    byte[] value = values.get(key);
    return value == null ? otherwise : number(key, value);
  }

  private static long number(String key, byte[] value) throws LayerException {
    boolean negative = value.length > 0 && value[0] == '-';
    long number = decimal(value, negative ? 1 : 0, value.length);
    if (number < 0) {
      throw new LayerException("pax " + key + " is no number");
    }
    return negative ? -number : number;
  }

  /** Seconds and nanoseconds of a time with a fraction; null: none is there. */
  long @Nullable [] time(String key) throws LayerException {
    byte[] value = values.get(key);
    if (value == null) {
      return null;
    }
    String text = new String(value, StandardCharsets.ISO_8859_1);
    if (!text.matches("-?[0-9]{1,18}(\\.[0-9]*)?")) {
      throw new LayerException("pax " + key + " is no time");
    }
    int point = text.indexOf('.');
    long seconds = Long.parseLong(point < 0 ? text : text.substring(0, point));
    String fraction = point < 0 ? "" : text.substring(point + 1);
    long nanos = Long.parseLong((fraction + "000000000").substring(0, 9));
    if (text.startsWith("-") && nanos > 0) {
      return new long[] {seconds - 1, NANOS - nanos};
    }
    return new long[] {seconds, nanos};
  }

  /** Extended attributes by their names. */
  Map<String, byte[]> attributes() {
    Map<String, byte[]> found = new HashMap<>();
    values.forEach((key, value) -> {
      if (key.startsWith(ATTRIBUTE)) {
        found.put(key.substring(ATTRIBUTE.length()), value);
      }
    });
    return found;
  }

  /** Where the data of a sparse file is, in the forms 0.0 and 0.1; null: it is none. */
  @Nullable List<Segment> sparse() throws LayerException {
    byte[] map = values.get("GNU.sparse.map");
    if (map == null) {
      return sparse.isEmpty() ? null : List.copyOf(sparse);
    }
    String[] numbers = new String(map, StandardCharsets.ISO_8859_1).split(",", -1);
    List<Segment> segments = new ArrayList<>();
    for (int i = 0; i + 1 < numbers.length; i += 2) {
      segments.add(
          new Segment(
              number("GNU.sparse.map", numbers[i].getBytes(StandardCharsets.ISO_8859_1)),
              number("GNU.sparse.map", numbers[i + 1].getBytes(StandardCharsets.ISO_8859_1))));
    }
    return segments;
  }

  /** -1: not a number of at most 18 digits. */
  static long decimal(byte[] text, int from, int to) {
    if (from >= to || to - from > 18) {
      return -1;
    }
    long number = 0;
    for (int i = from; i < to; i++) {
      if (text[i] < '0' || text[i] > '9') {
        return -1;
      }
      number = 10 * number + text[i] - '0';
    }
    return number;
  }

  private static int indexOf(byte[] text, char wanted, int from, int to) {
    for (int i = from; i < to; i++) {
      if (text[i] == wanted) {
        return i;
      }
    }
    return -1;
  }
}
