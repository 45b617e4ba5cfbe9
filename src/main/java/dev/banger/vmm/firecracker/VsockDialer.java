package dev.banger.vmm.firecracker;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Opens a connection to a vsock port of the guest. Firecracker closes it without a word as long as
 * nobody listens there: it is tried until somebody does.
 */
final class VsockDialer {
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final int ANSWER_LIMIT = 64;

  private final Path socket;
  private final int port;

  VsockDialer(Path socket, int port) {
    this.socket = socket;
    this.port = port;
  }

  SocketChannel dial(Duration limit) throws BangerException {
    long end = System.nanoTime() + limit.toNanos();
    IOException why = new IOException("no connection was tried");
    while (System.nanoTime() < end) {
      try {
        SocketChannel open = attempt(end);
        if (open != null) {
          return open;
        }
        why = new IOException("nobody listens on vsock port " + port + " of the guest");
        Thread.sleep(PAUSE);
      } catch (IOException e) {
        throw failure(ErrorCode.UNAVAILABLE, e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw failure(ErrorCode.CANCELLED, new IOException("interrupted", e));
      }
    }
    throw failure(ErrorCode.TIMEOUT, why);
  }

  private BangerException failure(ErrorCode code, IOException why) {
    return new BangerException(
        code, "cannot connect to the guest's agent by " + socket, "the guest may still boot", why);
  }

  /** Null when nobody listens. */
  private @Nullable SocketChannel attempt(long end) throws IOException {
    SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    boolean connected = false;
    try {
      channel.write(
          ByteBuffer.wrap(("CONNECT " + port + "\n").getBytes(StandardCharsets.US_ASCII)));
      channel.configureBlocking(false);
      String answer = answer(channel, end);
      if (!answer.isEmpty() && !answer.startsWith("OK ")) {
        throw new IOException("Firecracker answered '" + answer + "' to CONNECT");
      }
      connected = !answer.isEmpty();
      channel.configureBlocking(true);
      return connected ? channel : null;
    } finally {
      if (!connected) {
        channel.close();
      }
    }
  }

  /** Read byte by byte: what follows the line is the guest's. Empty when the connection ended. */
  private static String answer(SocketChannel channel, long end) throws IOException {
    StringBuilder line = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    try (Selector selector = Selector.open()) {
      channel.register(selector, SelectionKey.OP_READ);
      while (line.length() < ANSWER_LIMIT) {
        long left = end - System.nanoTime();
        if (left <= 0 || selector.select(Math.max(1, left / 1_000_000)) == 0) {
          throw new IOException("Firecracker did not answer CONNECT in time");
        }
        selector.selectedKeys().clear();
        int count = channel.read(one.clear());
        if (count < 0) {
          return "";
        }
        if (count > 0 && one.get(0) == '\n') {
          return line.toString();
        }
        if (count > 0) {
          line.append((char) one.get(0));
        }
      }
    }
    throw new IOException("Firecracker's answer to CONNECT has no end");
  }
}
