package dev.banger.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Decodes one message's body; anything wrong is a {@link MalformedException}. */
final class WireReader {
  /** Reads a value, or one item of a list. */
  @FunctionalInterface
  interface Decoder<T> {
    T read(WireReader in) throws MalformedException;
  }

  private final ByteBuffer bytes;

  WireReader(byte[] body) {
    bytes = ByteBuffer.wrap(body);
  }

  int u8() throws MalformedException {
    return Byte.toUnsignedInt(need(1).get());
  }

  int u16() throws MalformedException {
    return Short.toUnsignedInt(need(2).getShort());
  }

  long u32() throws MalformedException {
    return Integer.toUnsignedLong(need(4).getInt());
  }

  long i64() throws MalformedException {
    return need(8).getLong();
  }

  /** Nothing that is counted here passes 2^63-1. */
  long u64() throws MalformedException {
    long value = i64();
    if (value < 0) {
      throw new MalformedException("the number " + Long.toUnsignedString(value) + " is too large");
    }
    return value;
  }

  boolean bool() throws MalformedException {
    return choice(2) == 1;
  }

  /** A u8 below {@code count}. */
  int choice(int count) throws MalformedException {
    int value = u8();
    if (value >= count) {
      throw new MalformedException("the choice " + value + " is none of " + count);
    }
    return value;
  }

  byte[] bytes() throws MalformedException {
    long length = u32();
    if (length > bytes.remaining()) {
      throw new MalformedException(
          length + " bytes are announced, " + bytes.remaining() + " are there");
    }
    byte[] value = new byte[(int) length];
    bytes.get(value);
    return value;
  }

  String string() throws MalformedException {
    byte[] value = bytes();
    if (value.length > WireWriter.MAX_STRING) {
      throw new MalformedException("a string of " + value.length + " bytes");
    }
    return new String(value, UTF_8);
  }

  <T> List<T> list(Decoder<T> decoder) throws MalformedException {
    int count = u16();
    List<T> items = new ArrayList<>(Math.min(count, 64));
    for (int i = 0; i < count; i++) {
      items.add(decoder.read(this));
    }
    return List.copyOf(items);
  }

  List<String> strings() throws MalformedException {
    return list(WireReader::string);
  }

  /** Reads the whole body with {@code decoder}: nothing may be left over. */
  <T> T all(Decoder<T> decoder) throws MalformedException {
    T value = decoder.read(this);
    end();
    return value;
  }

  /** Whether fields follow that agents before them did not send. */
  boolean hasMore() {
    return bytes.hasRemaining();
  }

  void end() throws MalformedException {
    if (bytes.hasRemaining()) {
      throw new MalformedException(bytes.remaining() + " bytes are left over");
    }
  }

  private ByteBuffer need(int count) throws MalformedException {
    if (bytes.remaining() < count) {
      throw new MalformedException(
          count + " bytes are missing, " + bytes.remaining() + " are there");
    }
    return bytes;
  }
}
