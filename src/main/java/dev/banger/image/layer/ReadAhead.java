package dev.banger.image.layer;

import dev.banger.model.PieceInputStream;
import dev.banger.model.Uninterruptibly;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stream on a thread of its own, some pieces ahead: a layer is decompressed and checked
 * while what came before is written.
 */
final class ReadAhead extends PieceInputStream {
  private static final int PIECE = 256 << 10;
  private static final int PIECES = 8;

  private sealed interface Item {
    /** Bytes of the stream. */
    final class Piece implements Item {
      final byte[] bytes;
      final int length;

      Piece(byte[] bytes, int length) {
        this.bytes = bytes;
        this.length = length;
      }
    }

    /** Why the stream ended; null: it was read to its end. */
    record End(@Nullable Throwable why) implements Item {}
  }

  private final InputStream stream;
  private final BlockingQueue<Item> ready = new ArrayBlockingQueue<>(PIECES);
  private final BlockingQueue<byte[]> spare = new ArrayBlockingQueue<>(PIECES + 2);
  private final Thread reader;
  private Item.@Nullable Piece current;
  private int position;
  private Item.@Nullable End end;

  ReadAhead(InputStream stream) {
    this.stream = stream;
    reader = Thread.ofVirtual().name("layer").start(this::readAll);
  }

  private void readAll() {
    Throwable why = null;
    try {
      while (true) {
        byte[] bytes = spare.poll();
        Item.Piece piece = fill(bytes == null ? new byte[PIECE] : bytes);
        if (piece == null) {
          break;
        }
        ready.put(piece);
      }
    } catch (IOException | RuntimeException | Error | InterruptedException e) {
      why = e;
    }
    try {
      ready.put(new Item.End(why));
    } catch (InterruptedException e) {
      // It was closed: nobody waits.
    }
  }

  private Item.@Nullable Piece fill(byte[] bytes) throws IOException {
    int length = stream.readNBytes(bytes, 0, bytes.length);
    return length == 0 ? null : new Item.Piece(bytes, length);
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    Item.Piece piece = current;
    if (piece == null || position == piece.length) {
      piece = next();
      if (piece == null) {
        return -1;
      }
    }
    int count = Math.min(length, piece.length - position);
    System.arraycopy(piece.bytes, position, target, offset, count);
    position += count;
    return count;
  }

  private Item.@Nullable Piece next() throws IOException {
    if (current != null && spare.offer(current.bytes)) {
      current = null;
    }
    if (end == null) {
      switch (take()) {
        case Item.Piece piece -> {
          current = piece;
          position = 0;
          return piece;
        }
        case Item.End last -> end = last;
      }
    }
    return ended(end.why());
  }

  private static Item.@Nullable Piece ended(@Nullable Throwable why) throws IOException {
    if (why == null) {
      return null;
    }
    throw why instanceof IOException e ? e : new IOException(why);
  }

  private Item take() throws IOException {
    try {
      return ready.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  /** The other thread has let go of the stream when this returns. */
  @Override
  public void close() throws IOException {
    reader.interrupt();
    ready.clear();
    Uninterruptibly.join(reader);
    stream.close();
  }
}
