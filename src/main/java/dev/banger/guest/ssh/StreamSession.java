package dev.banger.guest.ssh;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.sshd.common.future.CloseFuture;
import org.apache.sshd.common.io.AbstractIoWriteFuture;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoService;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.io.IoWriteFuture;
import org.apache.sshd.common.util.Readable;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.closeable.AbstractCloseable;
import org.jspecify.annotations.Nullable;

/**
 * The transport of one SSH connection: a stream of bytes, no socket. Whoever writes waits until the
 * bytes are queued, which is all the flow control there is; {@link #serve} reads.
 */
final class StreamSession extends AbstractCloseable implements IoSession {
  private static final int BUFFER = 32 << 10;

  /** There is none; MINA wants one. */
  private static final SocketAddress NOWHERE = InetSocketAddress.createUnresolved("stream", 0);

  private final long id;
  private final StreamAcceptor acceptor;
  private final SshTarget target;
  private final InputStream in;
  private final OutputStream out;
  private final Map<Object, Object> attributes = new ConcurrentHashMap<>();

  StreamSession(
      long id, StreamAcceptor acceptor, SshTarget target, InputStream in, OutputStream out) {
    this.id = id;
    this.acceptor = acceptor;
    this.target = target;
    this.in = in;
    this.out = out;
  }

  SshTarget target() {
    return target;
  }

  /** Hands on what arrives until the client has gone or the session is closed. */
  void serve(IoHandler handler) throws Exception {
    byte[] bytes = new byte[BUFFER];
    try {
      for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
        handler.messageReceived(this, Readable.readable(ByteBuffer.wrap(bytes, 0, count)));
      }
    } catch (IOException e) {
      if (!isClosing()) {
        throw e;
      }
    }
  }

  /** The outcome of a write that is over. */
  private static final class Written extends AbstractIoWriteFuture {
    Written(long id, Object outcome) {
      super(id, null);
      setValue(outcome);
    }
  }

  /** MINA writes a whole packet at a time, and lets no other one come between. */
  @Override
  public IoWriteFuture writeBuffer(Buffer buffer) {
    try {
      out.write(buffer.array(), buffer.rpos(), buffer.available());
      out.flush();
      return new Written(id, true);
    } catch (IOException e) {
      return new Written(id, e);
    }
  }

  @Override
  protected @Nullable CloseFuture doCloseGracefully() {
    return null; // what was written is queued
  }

  @Override
  protected void doCloseImmediately() {
    closeQuietly(out);
    closeQuietly(in);
    acceptor.closed(this);
    super.doCloseImmediately();
  }

  private static void closeQuietly(Closeable half) {
    try {
      half.close();
    } catch (IOException _) {
      // It is gone either way.
    }
  }

  @Override
  public long getId() {
    return id;
  }

  @Override
  public SocketAddress getAcceptanceAddress() {
    return NOWHERE;
  }

  @Override
  public SocketAddress getRemoteAddress() {
    return NOWHERE;
  }

  @Override
  public SocketAddress getLocalAddress() {
    return NOWHERE;
  }

  @Override
  public @Nullable Object getAttribute(Object key) {
    return attributes.get(key);
  }

  @Override
  public @Nullable Object setAttribute(Object key, Object value) {
    return attributes.put(key, value);
  }

  @Override
  public @Nullable Object setAttributeIfAbsent(Object key, Object value) {
    return attributes.putIfAbsent(key, value);
  }

  @Override
  public @Nullable Object removeAttribute(Object key) {
    return attributes.remove(key);
  }

  @Override
  public IoService getService() {
    return acceptor;
  }

  @Override
  public void shutdownOutputStream() throws IOException {
    out.close();
  }

  /** Who is to wait does so in {@link IoHandler#messageReceived}. */
  @Override
  public void suspendRead() {
    // see above
  }

  @Override
  public void resumeRead() {
    // see above
  }

  @Override
  public String toString() {
    return "ssh-" + id + "[" + target.name() + "]";
  }
}
