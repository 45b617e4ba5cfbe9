package dev.banger.rpc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * What leaves a connection, in order, written by one thread of its own, which nobody interrupts. A
 * client that does not read makes the callers of {@link #put} wait, and loses the connection in the
 * end.
 */
final class Outbound {
  /** Bytes that may wait for one client. */
  private static final int ROOM = 2 << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final byte[] END = new byte[0];

  private final SocketChannel channel;
  private final Semaphore room = new Semaphore(ROOM);
  private final LinkedBlockingQueue<byte[]> queue = new LinkedBlockingQueue<>();
  private final Thread writer;
  private volatile boolean broken;

  Outbound(SocketChannel channel) {
    this.channel = channel;
    this.writer = Thread.ofVirtual().name("rpc-writer").unstarted(this::write);
    writer.start();
  }

  /** Queues a line; drops it when the client is lost, or when this thread is interrupted. */
  void put(String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    int size = Math.min(bytes.length, ROOM);
    try {
      if (!room.tryAcquire(size, PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        abandon();
      } else if (broken) {
        room.release(size);
      } else {
        queue.add(bytes);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until all that is queued has left, or the limit has passed; nothing is sent after it. */
  void finish(Duration limit) {
    queue.add(END);
    try {
      if (!writer.join(limit)) {
        abandon();
      }
    } catch (InterruptedException e) {
      abandon();
      Thread.currentThread().interrupt();
    }
  }

  private void write() {
    try {
      for (byte[] line = queue.take(); line.length > 0; line = queue.take()) {
        ByteBuffer bytes = ByteBuffer.wrap(line);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        room.release(Math.min(line.length, ROOM));
      }
    } catch (IOException e) {
      abandon();
    } catch (InterruptedException e) {
      throw new AssertionError("nobody interrupts a writer", e);
    }
  }

  /** The client is lost: wakes who waits for room, and the connection's reader. */
  private void abandon() {
    broken = true;
    room.release(ROOM);
    try {
      channel.close();
    } catch (IOException _) {
      // It is gone either way.
    }
  }
}
