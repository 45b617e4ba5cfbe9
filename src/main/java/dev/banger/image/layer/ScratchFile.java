package dev.banger.image.layer;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory that lies in a file, so that it takes none of the heap and goes to the disk when it must.
 * The file's room is taken before it is mapped: a full disk is an exception, not a signal.
 */
final class ScratchFile implements Closeable {
  private static final int CHUNK_BITS = 22;
  private static final int CHUNK = 1 << CHUNK_BITS;
  private static final int PIECE = 1 << 16;

  private final FileChannel file;
  private final List<MappedByteBuffer> chunks = new ArrayList<>();
  private long used;

  /** A new file, which is gone when this is closed, or when the process ends. */
  ScratchFile(Path path) throws IOException {
    file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.DELETE_ON_CLOSE);
  }

  /** Room for so many bytes, which follow on each other; at most 64 KiB. */
  long take(int length) throws IOException {
    long room = CHUNK - (used & (CHUNK - 1));
    if (room < length) {
      used += room;
    }
    while (((used + length - 1) >> CHUNK_BITS) >= chunks.size()) {
      grow();
    }
    used += length;
    return used - length;
  }

  private void grow() throws IOException {
    long from = (long) chunks.size() << CHUNK_BITS;
    ByteBuffer zeros = ByteBuffer.allocate(PIECE);
    for (long at = from; at < from + CHUNK; at += PIECE) {
      zeros.clear();
      while (zeros.hasRemaining()) {
        file.write(zeros, at + zeros.position());
      }
    }
    chunks.add(file.map(FileChannel.MapMode.READ_WRITE, from, CHUNK));
  }

  int getInt(long at) {
    return chunk(at).getInt(offset(at));
  }

  void putInt(long at, int value) {
    chunk(at).putInt(offset(at), value);
  }

  long getLong(long at) {
    return chunk(at).getLong(offset(at));
  }

  void putLong(long at, long value) {
    chunk(at).putLong(offset(at), value);
  }

  void get(long at, byte[] bytes) {
    chunk(at).get(offset(at), bytes);
  }

  void put(long at, byte[] bytes) {
    chunk(at).put(offset(at), bytes);
  }

  boolean holds(long at, byte[] bytes) {
    MappedByteBuffer chunk = chunk(at);
    int offset = offset(at);
    for (int i = 0; i < bytes.length; i++) {
      if (chunk.get(offset + i) != bytes[i]) {
        return false;
      }
    }
    return true;
  }

  private MappedByteBuffer chunk(long at) {
    return chunks.get((int) (at >> CHUNK_BITS));
  }

  private static int offset(long at) {
    return (int) at & (CHUNK - 1);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
