package dev.banger.rpc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a byte stream into lines. A line longer than the limit, or one that would take the buffers
 * of all connections together past their budget, ends the stream. Belongs to one thread.
 */
final class LineBuffer {
  /** A line that may not be read to its end. */
  static final class TooLong extends IOException {
    private static final long serialVersionUID = 1L;

    TooLong(String message) {
      super(message);
    }
  }

  private static final int START = 8 << 10;

  private final ReadableByteChannel channel;
  private final int limit;
  private final @Nullable Semaphore budget;
  private byte[] bytes = new byte[START];
  private int start;
  private int scanned;
  private int end;

  /**
   * Reads from a channel.
   *
   * @param budget bytes that buffers beyond their first {@value #START} take; shared; null: no
   *     limit
   */
  LineBuffer(ReadableByteChannel channel, int limit, @Nullable Semaphore budget) {
    this.channel = channel;
    this.limit = limit;
    this.budget = budget;
  }

  /** The next line that is here already, without its end; null if there is none. */
  byte @Nullable [] poll() throws TooLong {
    for (; scanned < end; scanned++) {
      if (bytes[scanned] == '\n') {
        byte[] line = Arrays.copyOfRange(bytes, start, scanned);
        start = ++scanned;
        return line;
      }
    }
    if (end - start > limit) {
      throw new TooLong("a line is longer than " + limit + " bytes");
    }
    return null;
  }

  /** Waits for more bytes; false at the end of the stream. */
  boolean fill() throws IOException {
    makeRoom();
    int read = channel.read(ByteBuffer.wrap(bytes, end, bytes.length - end));
    if (read < 0) {
      return false;
    }
    end += read;
    return true;
  }

  /** The bytes behind the last line; the buffer is empty afterwards. */
  byte[] rest() {
    byte[] rest = Arrays.copyOfRange(bytes, start, end);
    release();
    return rest;
  }

  /** Gives the memory back. */
  void release() {
    if (bytes.length > START) {
      if (budget != null) {
        budget.release(bytes.length - START);
      }
      bytes = new byte[START];
    }
    start = 0;
    scanned = 0;
    end = 0;
  }

  private void makeRoom() throws TooLong {
    if (start == end) {
      release();
    } else if (start > 0) {
      System.arraycopy(bytes, start, bytes, 0, end - start);
      scanned -= start;
      end -= start;
      start = 0;
    }
    if (end == bytes.length) {
      int size = Math.min(bytes.length * 2, limit + START);
      if (budget != null && !budget.tryAcquire(size - bytes.length)) {
        throw new TooLong("too many long lines at once on all connections together");
      }
      bytes = Arrays.copyOf(bytes, size);
    }
  }
}
