package dev.banger.net.port;

import dev.banger.model.Uninterruptibly;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One client of the host and one server of the guest. Each direction ends by itself, as its sender
 * ends it; an error in one ends both, so that nobody waits for what will not come. No more is held
 * than one buffer each way.
 */
final class Junction {
  /** An idle connection keeps these. */
  private static final int SMALL = 1024;

  private static final int LARGE = 64 * 1024;

  private final SocketChannel client;
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile @Nullable GuestLink server;

  Junction(SocketChannel client) {
    this.client = client;
  }

  SocketChannel client() {
    return client;
  }

  /** Returns when both directions have ended. */
  void join(GuestLink link) throws IOException {
    server = link;
    if (over.get()) {
      link.reset();
      return;
    }
    Thread answers =
        Thread.ofVirtual().name(Thread.currentThread().getName() + "-answers").start(this::answer);
    boolean whole = false;
    try {
      ask(link);
      whole = true;
    } finally {
      if (!whole) {
        abort();
      }
      Uninterruptibly.join(answers);
    }
    if (over.compareAndSet(false, true)) {
      link.close();
      client.close();
    }
  }

  private void ask(GuestLink link) throws IOException {
    OutputStream out = link.output();
    byte[] bytes = new byte[SMALL];
    for (int count = read(bytes); count >= 0; count = read(bytes)) {
      out.write(bytes, 0, count);
      bytes = fitting(bytes, count);
    }
    link.closeOutput();
  }

  private int read(byte[] bytes) throws IOException {
    return client.read(ByteBuffer.wrap(bytes));
  }

  private void answer() {
    GuestLink link = server;
    if (link == null) {
      return;
    }
    try {
      InputStream in = link.input();
      byte[] bytes = new byte[SMALL];
      for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
        ByteBuffer left = ByteBuffer.wrap(bytes, 0, count);
        while (left.hasRemaining()) {
          int _ = client.write(left);
        }
        bytes = fitting(bytes, count);
      }
      client.shutdownOutput();
    } catch (IOException e) {
      abort();
    }
  }

  /** Large where much comes, small again when it ceases. */
  private static byte[] fitting(byte[] bytes, int count) {
    if (count == bytes.length && bytes.length == SMALL) {
      return new byte[LARGE];
    }
    return count <= SMALL / 2 && bytes.length == LARGE ? new byte[SMALL] : bytes;
  }

  /**
   * Ends it at once, unless it has ended: the client sees a reset, as from a port on which nobody
   * listens.
   */
  void abort() {
    if (over.compareAndSet(false, true)) {
      GuestLink link = server;
      if (link != null) {
        link.reset();
      }
      try {
        client.setOption(StandardSocketOptions.SO_LINGER, 0);
        client.close();
      } catch (IOException _) {
        // It is closed already.
      }
    }
  }
}
