package dev.banger.guest;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;

/** A socket before yamux owns it: every wait ends at the deadline, or by an interrupt. */
final class TimedChannel implements AutoCloseable {
  private final SocketChannel channel;
  private final Selector selector;
  private final SelectionKey key;
  private final long deadline;
  private boolean released;

  private TimedChannel(SocketChannel channel, long deadline) throws IOException {
    this.channel = channel;
    this.deadline = deadline;
    channel.configureBlocking(false);
    this.selector = Selector.open();
    this.key = channel.register(selector, 0);
  }

  /** {@code deadline} is a value of {@link System#nanoTime}. */
  static TimedChannel connect(Path socket, long deadline) throws IOException {
    SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    try {
      return new TimedChannel(channel, deadline);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /**
   * Waits at most {@code pause} until it can read, or write if {@code toWrite} has bytes; writes
   * what it can. Returns whether there is something to read.
   */
  boolean await(ByteBuffer toWrite, Duration pause) throws IOException {
    long left = Math.min(pause.toNanos(), deadline - System.nanoTime());
    if (left <= 0 && deadline - System.nanoTime() <= 0) {
      throw new SocketTimeoutException("no answer in time");
    }
    key.interestOps(
        toWrite.hasRemaining()
            ? SelectionKey.OP_READ | SelectionKey.OP_WRITE
            : SelectionKey.OP_READ);
    selector.select(Math.max(1, Duration.ofNanos(left).toMillis()));
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted while connecting");
    }
    selector.selectedKeys().clear();
    if (key.isWritable()) {
      channel.write(toWrite);
    }
    return key.isReadable();
  }

  /** What is there; -1 at the end of file. */
  int read(ByteBuffer to) throws IOException {
    return channel.read(to);
  }

  /** The channel, blocking; it is the caller's now. */
  SocketChannel release() throws IOException {
    key.cancel();
    selector.close();
    channel.configureBlocking(true);
    released = true;
    return channel;
  }

  @Override
  public void close() throws IOException {
    if (!released) {
      selector.close();
      channel.close();
    }
  }
}
