package dev.banger.yamux;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that reads the channel. Never waits for a stream; a broken rule ends the session.
 */
final class FrameReader implements Runnable {
  private static final int BUFFER_BYTES = 64 * 1024;

  private final YamuxSession session;
  private final ReadableByteChannel channel;
  private ByteBuffer in;

  FrameReader(YamuxSession session, ReadableByteChannel channel, byte[] alreadyRead) {
    this.session = session;
    this.channel = channel;
    this.in = ByteBuffer.wrap(alreadyRead);
  }

  @Override
  public void run() {
    try {
      while (true) {
        readFrame();
      }
    } catch (AsynchronousCloseException e) {
      session.abort(new IOException("the session was closed", e));
    } catch (IOException e) {
      session.abort(e);
    } catch (RuntimeException | Error e) {
      session.abort(new IOException("the reader failed", e));
      throw e;
    }
  }

  private void readFrame() throws IOException {
    fill(Frame.HEADER_BYTES, true);
    int version = Byte.toUnsignedInt(in.get());
    int type = Byte.toUnsignedInt(in.get());
    int flags = Short.toUnsignedInt(in.getShort());
    int stream = in.getInt();
    int length = in.getInt();
    if (version != 0) {
      throw new IOException("a frame of the unknown version " + version);
    }
    switch (type) {
      case Frame.DATA -> readData(stream, flags, length);
      case Frame.WINDOW_UPDATE -> readWindowUpdate(stream, flags, length);
      case Frame.PING -> readPing(flags, length);
      case Frame.GO_AWAY -> readGoAway(length);
      default -> throw new IOException("a frame of the unknown type " + type);
    }
  }

  private void readData(int id, int flags, int length) throws IOException {
    if (length < 0 || length > Frame.MAX_DATA_RECEIVED) {
      throw new IOException("a data frame of " + Integer.toUnsignedString(length) + " bytes");
    }
    YamuxStream stream;
    session.lock.lock();
    try {
      stream = session.receiver(id, flags);
      if (stream != null) {
        stream.announced(length);
      }
    } finally {
      session.lock.unlock();
    }
    int left = length;
    while (left > 0) {
      fill(1, false);
      int part = Math.min(left, in.remaining());
      deliver(stream, part);
      left -= part;
    }
    if (stream != null) {
      finish(stream, flags);
    }
  }

  private void deliver(@Nullable YamuxStream stream, int count) {
    int end = in.position() + count;
    if (stream != null) {
      session.lock.lock();
      try {
        stream.received(in, count);
      } finally {
        session.lock.unlock();
      }
    }
    in.position(end);
  }

  private void finish(YamuxStream stream, int flags) {
    session.lock.lock();
    try {
      stream.flagged(flags);
    } finally {
      session.lock.unlock();
    }
  }

  private void readWindowUpdate(int id, int flags, int more) throws IOException {
    session.lock.lock();
    try {
      YamuxStream stream = session.receiver(id, flags);
      if (stream != null) {
        stream.windowGrew(Integer.toUnsignedLong(more));
        stream.flagged(flags);
      }
    } finally {
      session.lock.unlock();
    }
  }

  private void readPing(int flags, int id) throws IOException {
    session.lock.lock();
    try {
      session.receivedPing(flags, id);
    } finally {
      session.lock.unlock();
    }
  }

  private void readGoAway(int code) throws IOException {
    session.lock.lock();
    try {
      session.receivedGoAway(code);
    } finally {
      session.lock.unlock();
    }
  }

  /** Reads until the buffer holds {@code count} bytes. */
  private void fill(int count, boolean atBoundary) throws IOException {
    if (in.remaining() >= count) {
      return;
    }
    boolean boundary = atBoundary && !in.hasRemaining();
    if (in.isDirect()) {
      in.compact();
    } else {
      in = ByteBuffer.allocateDirect(BUFFER_BYTES).put(in);
    }
    while (in.position() < count) {
      if (channel.read(in) < 0) {
        throw new EOFException(
            boundary && in.position() == 0
                ? "the other side closed the connection"
                : "the other side closed the connection in the middle of a frame");
      }
    }
    in.flip();
  }
}
