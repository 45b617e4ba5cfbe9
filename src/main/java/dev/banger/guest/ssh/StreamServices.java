package dev.banger.guest.ssh;

import org.apache.sshd.common.Factory;
import org.apache.sshd.common.FactoryManager;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.io.IoConnector;
import org.apache.sshd.common.io.IoHandler;
import org.apache.sshd.common.io.IoServiceEventListener;
import org.apache.sshd.common.io.IoServiceFactory;
import org.apache.sshd.common.io.IoServiceFactoryFactory;
import org.apache.sshd.common.util.closeable.AbstractCloseable;
import org.apache.sshd.common.util.threads.CloseableExecutorService;
import org.jspecify.annotations.Nullable;

/** Gives MINA streams in place of sockets: it opens none, in neither direction. */
final class StreamServices implements IoServiceFactoryFactory {
  @Override
  public IoServiceFactory create(FactoryManager manager) {
    return new Streams();
  }

  @Override
  public void setExecutorServiceFactory(Factory<CloseableExecutorService> factory) {
    // Every session has a thread of its own.
  }

  private static final class Streams extends AbstractCloseable implements IoServiceFactory {
    @Override
    public IoConnector createConnector(IoHandler handler) {
      throw new UnsupportedOperationException("the SSH endpoint connects to no socket of the host");
    }

    @Override
    public IoAcceptor createAcceptor(IoHandler handler) {
      return new StreamAcceptor(handler);
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
}
