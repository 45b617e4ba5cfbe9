package dev.banger.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collection;

/** Encodes one message's body; refuses what the protocol cannot carry. */
final class WireWriter {
  static final int MAX_STRING = 65_536;
  static final int MAX_PATH = 4_096;
  static final int MAX_NAME = 255;
  private static final int MAX_ITEMS = 0xFFFF;

  /** Writes a value, or one item of a list. */
  @FunctionalInterface
  interface Encoder<T> {
    void write(WireWriter out, T value);
  }

  private ByteBuffer bytes = ByteBuffer.allocate(256);

  WireWriter u8(int value) {
    room(1).put((byte) inRange(value, 0xFF));
    return this;
  }

  WireWriter u16(int value) {
    room(2).putShort((short) inRange(value, 0xFFFF));
    return this;
  }

  WireWriter u32(long value) {
    room(4).putInt((int) inRange(value, 0xFFFF_FFFFL));
    return this;
  }

  /** As i64 on the wire; a u64 is a number that is never negative. */
  WireWriter i64(long value) {
    room(8).putLong(value);
    return this;
  }

  WireWriter u64(long value) {
    return i64(inRange(value, Long.MAX_VALUE));
  }

  WireWriter bool(boolean value) {
    return u8(value ? 1 : 0);
  }

  WireWriter bytes(byte[] value) {
    u32(value.length);
    room(value.length).put(value);
    return this;
  }

  WireWriter string(String value) {
    return string(value, MAX_STRING);
  }

  WireWriter path(String value) {
    return string(value, MAX_PATH);
  }

  WireWriter name(String value) {
    return string(value, MAX_NAME);
  }

  private WireWriter string(String value, int limit) {
    if (value.indexOf('\0') >= 0) {
      throw new UnsendableException("a string with a NUL inside: '" + beginning(value) + "'");
    }
    byte[] utf8 = value.getBytes(UTF_8);
    if (utf8.length > limit) {
      throw new UnsendableException(
          "a string of "
              + utf8.length
              + " bytes, at most "
              + limit
              + ": '"
              + beginning(value)
              + "'");
    }
    return bytes(utf8);
  }

  private static String beginning(String value) {
    return value.substring(0, Math.min(value.length(), 40)).replace('\0', '?');
  }

  <T> WireWriter list(Collection<T> items, Encoder<T> encoder) {
    if (items.size() > MAX_ITEMS) {
      throw new UnsendableException("a list of " + items.size() + " items, at most " + MAX_ITEMS);
    }
    u16(items.size());
    for (T item : items) {
      encoder.write(this, item);
    }
    return this;
  }

  WireWriter strings(Collection<String> items) {
    return list(items, WireWriter::string);
  }

  /** Everything {@code other} holds, with its length in front. */
  WireWriter nested(WireWriter other) {
    return bytes(other.toByteArray());
  }

  int size() {
    return bytes.position();
  }

  byte[] toByteArray() {
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  private static long inRange(long value, long max) {
    if (value < 0 || value > max) {
      throw new UnsendableException("the number " + value + ", not in 0 to " + max);
    }
    return value;
  }

  private ByteBuffer room(int count) {
    if (bytes.remaining() < count) {
      int capacity = Math.max(bytes.capacity() * 2, bytes.position() + count);
      bytes = ByteBuffer.allocate(capacity).put(bytes.flip());
    }
    return bytes;
  }
}
