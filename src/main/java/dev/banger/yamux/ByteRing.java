package dev.banger.yamux;

import java.nio.ByteBuffer;

/** A queue of bytes with a fixed limit; its array grows to what is really used. Not thread-safe. */
final class ByteRing {
  private static final int FIRST_CAPACITY = 4 * 1024;
  private static final byte[] NOTHING = {};

  private final int limit;
  private byte[] bytes = NOTHING;
  private int head;
  private int size;

  /** {@code limit} is a power of two. */
  ByteRing(int limit) {
    this.limit = limit;
  }

  int size() {
    return size;
  }

  int room() {
    return limit - size;
  }

  /** Takes what fits; returns how much that was. */
  int put(byte[] from, int offset, int length) {
    int count = Math.min(length, room());
    reserve(count);
    for (int done = 0; done < count; ) {
      int at = (head + size) & (bytes.length - 1);
      int part = Math.min(count - done, bytes.length - at);
      System.arraycopy(from, offset + done, bytes, at, part);
      size += part;
      done += part;
    }
    return count;
  }

  /** Takes {@code count} bytes, for which there is room. */
  void put(ByteBuffer from, int count) {
    reserve(count);
    for (int done = 0; done < count; ) {
      int at = (head + size) & (bytes.length - 1);
      int part = Math.min(count - done, bytes.length - at);
      from.get(bytes, at, part);
      size += part;
      done += part;
    }
  }

  /** Gives what there is, at most {@code length}; returns how much that was. */
  int take(byte[] to, int offset, int length) {
    int count = Math.min(length, size);
    for (int done = 0; done < count; ) {
      int part = Math.min(count - done, bytes.length - head);
      System.arraycopy(bytes, head, to, offset + done, part);
      skip(part);
      done += part;
    }
    return count;
  }

  /** Gives {@code count} bytes, which there are. */
  void take(ByteBuffer to, int count) {
    for (int done = 0; done < count; ) {
      int part = Math.min(count - done, bytes.length - head);
      to.put(bytes, head, part);
      skip(part);
      done += part;
    }
  }

  /** Forgets what it holds, and gives back its memory. */
  void clear() {
    bytes = NOTHING;
    head = 0;
    size = 0;
  }

  private void skip(int count) {
    head = (head + count) & (bytes.length - 1);
    size -= count;
  }

  private void reserve(int more) {
    int needed = size + more;
    if (needed <= bytes.length) {
      return;
    }
    int capacity = Math.max(FIRST_CAPACITY, bytes.length);
    while (capacity < needed) {
      capacity *= 2;
    }
    byte[] grown = new byte[Math.min(capacity, limit)];
    int held = size;
    take(grown, 0, held);
    bytes = grown;
    head = 0;
    size = held;
  }
}
