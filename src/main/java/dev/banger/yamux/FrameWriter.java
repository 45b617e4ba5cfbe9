package dev.banger.yamux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * The one thread that writes the channel: pings and refusals first, then one data frame a stream,
 * round robin, so that no stream can hold up another.
 */
final class FrameWriter implements Runnable {
  private static final int BUFFER_BYTES = 64 * 1024;

  private final YamuxSession session;
  private final WritableByteChannel channel;
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_BYTES);

  FrameWriter(YamuxSession session, WritableByteChannel channel) {
    this.session = session;
    this.channel = channel;
  }

  @Override
  public void run() {
    try {
      while (gather()) {
        out.flip();
        while (out.hasRemaining()) {
          channel.write(out);
        }
        out.clear();
      }
    } catch (IOException e) {
      session.letReaderFinish();
      session.abort(new IOException("cannot write to the other side: " + e.getMessage(), e));
    } catch (RuntimeException | Error e) {
      session.abort(new IOException("the writer failed", e));
      throw e;
    }
  }

  /** Waits for frames and collects what fits; false when the session has ended. */
  private boolean gather() {
    session.lock.lock();
    try {
      while (session.nothingToSend() && !session.failed()) {
        session.writerIdle = true;
        session.drained.signalAll();
        session.work.awaitUninterruptibly();
      }
      session.writerIdle = false;
      takeControl();
      takeTurns();
      return !session.failed();
    } finally {
      session.lock.unlock();
    }
  }

  private void takeControl() {
    while (!session.control.isEmpty() && out.remaining() >= Frame.HEADER_BYTES) {
      YamuxSession.Control frame = session.control.remove();
      Frame.putHeader(out, frame.type(), frame.flags(), frame.stream(), frame.length());
    }
    session.controlTaken();
  }

  private void takeTurns() {
    while (!session.ready.isEmpty() && out.remaining() >= YamuxStream.MAX_TURN_BYTES) {
      YamuxStream stream = session.ready.remove();
      stream.waitsForTurn = false;
      stream.takeTurn(out);
      if (stream.hasMoreToSend()) {
        session.enqueue(stream);
      }
    }
  }
}
