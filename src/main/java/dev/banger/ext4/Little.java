package dev.banger.ext4;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Bytes in which numbers stand in ext4's order: little-endian. */
final class Little {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;

  private Little(byte[] bytes) {
    this.bytes = bytes;
  }

  /** These bytes, not a copy. */
  static Little of(byte[] bytes) {
    return new Little(bytes);
  }

  static Little block() {
    return new Little(new byte[Geometry.BLOCK]);
  }

  byte[] array() {
    return bytes;
  }

  short getShort(int at) {
    return (short) SHORT.get(bytes, at);
  }

  int getInt(int at) {
    return (int) INT.get(bytes, at);
  }

  Little put(int at, byte value) {
    bytes[at] = value;
    return this;
  }

  Little put(int at, byte[] values) {
    return put(at, values, 0, values.length);
  }

  Little put(int at, byte[] values, int offset, int length) {
    System.arraycopy(values, offset, bytes, at, length);
    return this;
  }

  Little putShort(int at, short value) {
    SHORT.set(bytes, at, value);
    return this;
  }

  Little putInt(int at, int value) {
    INT.set(bytes, at, value);
    return this;
  }
}
