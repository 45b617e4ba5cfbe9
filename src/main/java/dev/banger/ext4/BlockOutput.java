package dev.banger.ext4;

import static dev.banger.ext4.Geometry.BLOCK;
import static dev.banger.ext4.Geometry.BLOCKS_PER_GROUP;
import static dev.banger.ext4.Geometry.HEAD;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Gives blocks away from the file system's beginning to its end, around the heads of groups, and
 * writes what goes into them in large pieces. Belongs to one thread.
 */
final class BlockOutput {
  private static final int BUFFERED = 256;

  /** Takes a run of blocks. */
  @FunctionalInterface
  interface Placed {
    /**
     * {@code count} blocks of the content, the first of them {@code index}, lie at {@code block}.
     */
    void at(long index, long block, int count) throws IOException;
  }

  private final FileChannel file;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFERED * BLOCK);
  private final TreeMap<Long, Long> free = new TreeMap<>();
  private final long mostBlocks;
  private long bufferAt;
  private long next = HEAD;

  BlockOutput(FileChannel file, long mostBlocks) {
    this.file = file;
    this.mostBlocks = mostBlocks;
  }

  /** The first block that was never given away. */
  long end() {
    return next;
  }

  /** Begins of runs of blocks below {@link #end} that are free, each with its length. */
  NavigableMap<Long, Long> freeRuns() {
    return free;
  }

  /** Writes whole blocks and says where they lie. */
  void append(byte[] bytes, int offset, int count, Placed placed) throws IOException {
    int done = 0;
    while (done < count) {
      int run = Math.min(count - done, roomAtNext());
      put(bytes, offset + done * BLOCK, run);
      placed.at(done, next, run);
      next += run;
      done += run;
    }
  }

  /** Writes one block. */
  long append(byte[] block) throws IOException {
    roomAtNext();
    put(block, 0, 1);
    return next++;
  }

  /** Gives blocks away that stay a hole, or that are written with {@link #writeAt}. */
  long reserve(int count) throws IOException {
    if (roomAtNext() < count) {
      free.put(next, (long) roomAtNext());
      next += roomAtNext();
      if (roomAtNext() < count) {
        throw new IOException("no run of " + count + " blocks");
      }
    }
    if (next + count > mostBlocks) {
      throw full();
    }
    next += count;
    return next - count;
  }

  void release(long block, long count) {
    free.put(block, count);
  }

  void writeAt(long position, byte[] bytes, int offset, int length) throws IOException {
    ByteBuffer source = ByteBuffer.wrap(bytes, offset, length);
    while (source.hasRemaining()) {
      position += file.write(source, position);
    }
  }

  void flush() throws IOException {
    buffer.flip();
    long position = bufferAt * BLOCK;
    while (buffer.hasRemaining()) {
      position += file.write(buffer, position);
    }
    buffer.clear();
  }

  private void put(byte[] bytes, int offset, int count) throws IOException {
    if (next + count > mostBlocks) {
      throw full();
    }
    if (bufferAt + buffer.position() / BLOCK != next) {
      flush();
      bufferAt = next;
    }
    int put = 0;
    while (put < count) {
      if (!buffer.hasRemaining()) {
        flush();
        bufferAt = next + put;
      }
      int run = Math.min(count - put, buffer.remaining() / BLOCK);
      buffer.put(bytes, offset + put * BLOCK, run * BLOCK);
      put += run;
    }
  }

  private IOException full() {
    return new IOException(
        "the file system would be larger than " + mostBlocks + " blocks of 4 KiB");
  }

  /** How many blocks follow on each other from the next one on, behind the head it may stand at. */
  private int roomAtNext() {
    long group = next / BLOCKS_PER_GROUP;
    if (Geometry.hasHead(group) && next % BLOCKS_PER_GROUP < HEAD) {
      next = group * BLOCKS_PER_GROUP + HEAD;
    }
    long end = (group + 1) * BLOCKS_PER_GROUP;
    while (!Geometry.hasHead(end / BLOCKS_PER_GROUP) && end - next < (1 << 20)) {
      end += BLOCKS_PER_GROUP;
    }
    return (int) (end - next);
  }
}
