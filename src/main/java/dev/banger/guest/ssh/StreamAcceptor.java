package dev.banger.guest.ssh;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoServiceEventListener;
import org.apache.sshd.common.io.IoSession;
import org.apache.sshd.common.util.closeable.AbstractCloseable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Accepts streams that somebody has already: it listens nowhere. */
final class StreamAcceptor extends AbstractCloseable implements IoAcceptor {
  private static final Logger LOG = LoggerFactory.getLogger(StreamAcceptor.class);

  private final IoHandler handler;
  private final AtomicLong lastId = new AtomicLong();
  private final Map<Long, IoSession> sessions = new ConcurrentHashMap<>();

  StreamAcceptor(IoHandler handler) {
    this.handler = handler;
  }

  /** Serves a connection to its end. */
  void serve(SshTarget target, InputStream in, OutputStream out) {
    StreamSession session = new StreamSession(lastId.incrementAndGet(), this, target, in, out);
    sessions.put(session.getId(), session);
    try {
      handler.sessionCreated(session);
      session.serve(handler);
    } catch (Exception e) {
      LOG.debug("{} ends", session, e);
      tell(session, e);
    } finally {
      session.close(true);
    }
  }

  private void tell(StreamSession session, Exception reason) {
    try {
      handler.exceptionCaught(session, reason);
    } catch (Exception e) {
      LOG.debug("{} cannot be told why it ends", session, e);
    }
  }

  /** What a session calls when it has ended. */
  void closed(StreamSession session) {
    if (sessions.remove(session.getId(), session)) {
      try {
        handler.sessionClosed(session);
      } catch (Exception e) {
        LOG.debug("the end of {}", session, e);
      }
    }
  }

  @Override
  protected void doCloseImmediately() {
    sessions.values().forEach(session -> session.close(true));
    super.doCloseImmediately();
  }

  @Override
  public Map<Long, IoSession> getManagedSessions() {
    return Map.copyOf(sessions);
  }

  @Override
  public void bind(Collection<? extends SocketAddress> addresses) {
    // Nothing listens.
  }

  @Override
  public void bind(SocketAddress address) {
    // Nothing listens.
  }

  @Override
  public void unbind(Collection<? extends SocketAddress> addresses) {
    // Nothing listens.
  }

  @Override
  public void unbind(SocketAddress address) {
    // Nothing listens.
  }

  @Override
  public void unbind() {
    // Nothing listens.
  }

  @Override
  public Set<SocketAddress> getBoundAddresses() {
    return Set.of();
  }

  @Override
  public @Nullable IoServiceEventListener getIoServiceEventListener() {
    return null;
  }

  @Override
  public void setIoServiceEventListener(IoServiceEventListener listener) {
    // There are no events but those of sessions.
  }
}
