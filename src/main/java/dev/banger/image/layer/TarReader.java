package dev.banger.image.layer;

import dev.banger.ext4.Attributes;
import dev.banger.image.layer.SparseInput.Segment;
import dev.banger.model.PieceInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tar stream as tar, Go and Python write them: ustar, pax (POSIX), GNU's long names and
 * sparse files. Names are bytes. Belongs to one thread.
 */
public final class TarReader {
  private static final int RECORD = 512;

  /** As Go's reader allows. */
  private static final int LARGEST_HEADER = 1 << 20;

  private static final int LONGEST_NAME = 4096;
  private static final int MOST_SEGMENTS = 1 << 20;

  private final InputStream input;
  private final byte[] header = new byte[RECORD];
  private final PaxHeader global = new PaxHeader();
  private final PaxHeader own = new PaxHeader();
  private byte @Nullable [] longName;
  private byte @Nullable [] longTarget;
  private long left;
  private int padding;
  private @Nullable InputStream sparse;

  public TarReader(InputStream input) {
    this.input = input;
  }

  /** The next entry, whatever was read of the last one's content; null: the end. */
  public @Nullable TarEntry next() throws IOException {
    skip(left);
    left = 0;
    // Some writers leave the last file's padding out, and all readers take it.
    input.readNBytes(header, 0, padding);
    padding = 0;
    sparse = null;
    own.clear();
    longName = null;
    longTarget = null;
    while (readHeader()) {
      byte type = header[156];
      long size = number(124, 12);
      switch (type) {
        case 'x' -> own.add(extra(size));
        case 'g' -> global.add(extra(size));
        case 'L' -> longName = name(extra(size), 0, (int) size);
        case 'K' -> longTarget = name(extra(size), 0, (int) size);
        case 'V' -> skip(size + padding(size));
        default -> {
          return entry(type, size);
        }
      }
    }
    return null;
  }

  /** The content of the entry that was returned last. */
  public InputStream content() {
    return sparse == null ? new Content() : sparse;
  }

  private final class Content extends PieceInputStream {
    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int read = input.read(buffer, offset, (int) Math.min(length, left));
      if (read < 0) {
        throw new LayerException("it ends within a file");
      }
      left -= read;
      return read;
    }
  }

  private TarEntry entry(byte type, long headerSize) throws IOException {
    PaxHeader pax = new PaxHeader();
    pax.addAll(global);
    pax.addAll(own);
    boolean old = type == 'S';
    byte[] path =
        or(pax.bytes("GNU.sparse.name"), or(pax.bytes("path"), or(longName, ustarName())));
    byte[] target = or(pax.bytes("linkpath"), or(longTarget, name(header, 157, 100)));
    if (path.length > LONGEST_NAME || target.length > LONGEST_NAME) {
      throw new LayerException(
          "a path has more than " + LONGEST_NAME + " bytes: " + TarEntry.printable(path));
    }
    boolean directoryOfOld =
        (type == 0 || type == '0') && path.length > 0 && path[path.length - 1] == '/';
    int kind = directoryOfOld ? Attributes.DIRECTORY : kind(type, path);
    long stored = pax.number("size", headerSize);
    if (stored < 0) {
      throw new LayerException("a file has a negative size: " + TarEntry.printable(path));
    }
    left = kind == Attributes.REGULAR ? stored : 0;
    long size = left;
    List<Segment> segments = null;
    if (old) {
      size = number(483, 12);
      segments = oldSparse();
    } else if (kind == Attributes.REGULAR) {
      segments = pax.number("GNU.sparse.major", 0) == 1 ? sparseMap() : pax.sparse();
      size = segments == null ? left : realSize(pax);
    }
    padding = kind == Attributes.REGULAR ? padding(stored) : 0;
    if (segments != null) {
      sparse = new SparseInput(new Content(), segments, size);
    }
    boolean device = kind == Attributes.CHARACTER_DEVICE || kind == Attributes.BLOCK_DEVICE;
    int major = device ? (int) number(329, 8) : 0;
    int minor = device ? (int) number(337, 8) : 0;
    return new TarEntry(path, target, kind, attributes(kind, pax), size, major, minor);
  }

  private long realSize(PaxHeader pax) throws LayerException {
    long size = pax.number("GNU.sparse.realsize", pax.number("GNU.sparse.size", -1));
    if (size < 0) {
      throw new LayerException("a sparse file does not say its size");
    }
    return size;
  }

  private Attributes attributes(int kind, PaxHeader pax) throws IOException {
    long[] time = pax.time("mtime");
    long seconds = time == null ? number(136, 12) : time[0];
    int nanos = time == null ? 0 : (int) time[1];
    int owner = (int) pax.number("uid", number(108, 8));
    int group = (int) pax.number("gid", number(116, 8));
    int mode = (int) (number(100, 8) & 07777);
    Map<String, byte[]> extended = pax.attributes();
    return new Attributes(kind | mode, owner, group, seconds, nanos, extended);
  }

  private static int kind(byte type, byte[] path) throws LayerException {
    return switch (type) {
      case 0, '0', '7', 'S' -> Attributes.REGULAR;
      case '1' -> TarEntry.HARD_LINK;
      case '2' -> Attributes.SYMLINK;
      case '3' -> Attributes.CHARACTER_DEVICE;
      case '4' -> Attributes.BLOCK_DEVICE;
      case '5' -> Attributes.DIRECTORY;
      case '6' -> Attributes.FIFO;
      default ->
          throw new LayerException(
              TarEntry.printable(path) + " is of the unknown type '" + (char) (type & 0xff) + "'");
    };
  }

  /** False at the end: a record of zeros, or nothing more. */
  private boolean readHeader() throws IOException {
    int read = input.readNBytes(header, 0, RECORD);
    if (read == 0) {
      return false;
    }
    if (read < RECORD) {
      throw new LayerException("it ends within a header");
    }
    int sum = 8 * ' ';
    boolean zeros = true;
    for (int i = 0; i < RECORD; i++) {
      zeros &= header[i] == 0;
      sum += i >= 148 && i < 156 ? 0 : header[i] & 0xff;
    }
    if (zeros) {
      return false;
    }
    if (number(148, 8) != sum) {
      throw new LayerException(
          "a header's checksum is wrong: this is no tar stream, or a damaged one");
    }
    return true;
  }

  private byte[] ustarName() {
    byte[] name = name(header, 0, 100);
    boolean ustar = header[257] == 'u' && header[262] == 0; // GNU's own form has no prefix
    byte[] prefix = ustar ? name(header, 345, 155) : new byte[0];
    if (prefix.length == 0) {
      return name;
    }
    byte[] whole = Arrays.copyOf(prefix, prefix.length + 1 + name.length);
    whole[prefix.length] = '/';
    System.arraycopy(name, 0, whole, prefix.length + 1, name.length);
    return whole;
  }

  private static byte[] or(byte @Nullable [] first, byte[] otherwise) {
    return first == null ? otherwise : first;
  }

  private static byte[] name(byte[] text, int at, int most) {
    int end = at;
    while (end < at + most && text[end] != 0) {
      end++;
    }
    return Arrays.copyOfRange(text, at, end);
  }

  private byte[] extra(long size) throws IOException {
    if (size < 0 || size > LARGEST_HEADER) {
      throw new LayerException(
          "an extended header has " + size + " bytes; at most " + LARGEST_HEADER);
    }
    byte[] text = input.readNBytes((int) size);
    if (text.length < size) {
      throw new LayerException("it ends within a header");
    }
    skip(padding(size));
    return text;
  }

  /** Octal digits, or, where the first bit is set, a binary number. */
  private long number(int at, int length) throws LayerException {
    if ((header[at] & 0x80) != 0) {
      return binary(at, length);
    }
    int i = at;
    int end = at + length;
    while (i < end && (header[i] == ' ' || header[i] == 0)) {
      i++;
    }
    long number = 0;
    for (; i < end && header[i] != ' ' && header[i] != 0; i++) {
      if (header[i] < '0' || header[i] > '7') {
        throw new LayerException("a header has no number where one belongs");
      }
      number = 8 * number + header[i] - '0';
    }
    return number;
  }

  private long binary(int at, int length) throws LayerException {
    boolean negative = (header[at] & 0x40) != 0;
    long number = negative ? -1 : 0;
    for (int i = at; i < at + length; i++) {
      int digit = header[i] & 0xff;
      if (i == at) {
        digit = negative ? digit : digit & 0x7f;
      }
      if (length - (i - at) > 8 && digit != (negative ? 0xff : 0)) {
        throw new LayerException("a number in a header is too large");
      }
      number = (number << 8) | digit;
    }
    return number;
  }

  /** Form 1.0: the map stands before the data, as decimal numbers on lines. */
  private List<Segment> sparseMap() throws IOException {
    long before = left;
    long count = line();
    if (count < 0 || count > MOST_SEGMENTS) {
      throw new LayerException("the map of a sparse file is malformed");
    }
    List<Segment> segments = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      segments.add(new Segment(line(), line()));
    }
    long rest = padding(before - left);
    new Content().skipNBytes(rest);
    return segments;
  }

  private long line() throws IOException {
    InputStream content = new Content();
    byte[] digits = new byte[20];
    int length = 0;
    while (true) {
      int read = content.read();
      if (read == '\n') {
        return PaxHeader.decimal(digits, 0, length);
      }
      if (read < 0 || length == digits.length) {
        throw new LayerException("the map of a sparse file is malformed");
      }
      digits[length++] = (byte) read;
    }
  }

  /** GNU's first form: the map stands in the header, and in records after it. */
  private List<Segment> oldSparse() throws IOException {
    List<Segment> segments = new ArrayList<>();
    byte[] first = header.clone();
    int at = 386;
    int entries = 4;
    boolean more = first[482] != 0;
    while (true) {
      for (int i = 0; i < entries; i++, at += 24) {
        long offset = number(at, 12);
        long length = number(at + 12, 12);
        if (header[at + 12] != 0) {
          segments.add(new Segment(offset, length));
        }
      }
      if (!more || segments.size() > MOST_SEGMENTS) {
        System.arraycopy(first, 0, header, 0, RECORD);
        return segments;
      }
      if (input.readNBytes(header, 0, RECORD) < RECORD) {
        throw new LayerException("it ends within a header");
      }
      more = header[504] != 0;
      at = 0;
      entries = 21;
    }
  }

  private static int padding(long size) {
    return (int) (-size & (RECORD - 1));
  }

  private void skip(long count) throws IOException {
    try {
      input.skipNBytes(count);
    } catch (EOFException e) {
      throw new LayerException("it ends within a file");
    }
  }
}
