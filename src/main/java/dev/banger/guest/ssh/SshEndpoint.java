package dev.banger.guest.ssh;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.security.PublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.cipher.BuiltinCiphers;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.global.KeepAliveHandler;
import org.apache.sshd.common.io.IoAcceptor;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.session.SessionContext;
import org.apache.sshd.common.signature.BuiltinSignatures;
import org.apache.sshd.core.CoreModuleProperties;
import org.apache.sshd.server.ServerBuilder;
import org.apache.sshd.server.SshServer;
import org.apache.sshd.server.auth.pubkey.UserAuthPublicKeyFactory;
import org.apache.sshd.server.global.NoMoreSessionsHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An SSH server for every guest, whether or not it has one or a network: what clients ask for is
 * done over the VM's channel. It listens nowhere: {@link #serve} is given the bytes of each
 * connection. It lets in who has the daemon's key, and nobody else.
 */
public final class SshEndpoint implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SshEndpoint.class);
  private static final AttributeKey<Login> LOGIN = new AttributeKey<>();
  private static final int MOST_CHANNELS = 64;

  /** Nothing listens on it; where it is 0, MINA would look for the one that was chosen. */
  private static final int NO_PORT = 22;

  private final SshKeys keys;
  private final LeafLock lock = new LeafLock("ssh endpoint");

  @GuardedBy("lock")
  private @Nullable Running running;

  /** Made for the first connection: a daemon that has none pays nothing. */
  private static final class Running extends SshServer {
    private @Nullable StreamAcceptor streams;

    @Override
    protected IoAcceptor createAcceptor() {
      IoAcceptor made = super.createAcceptor();
      streams = (StreamAcceptor) made;
      return made;
    }

    StreamAcceptor streams() {
      if (streams == null) {
        throw new IllegalStateException("the SSH server has not been started");
      }
      return streams;
    }
  }

  /**
   * @param directory where its keys are
   */
  public SshEndpoint(Path directory) {
    this.keys = new SshKeys(directory);
  }

  public SshKeys keys() {
    return keys;
  }

  /** Serves a connection to its end; closes both streams. */
  public void serve(SshTarget target, InputStream in, OutputStream out) throws BangerException {
    StreamAcceptor streams;
    lock.lock();
    try {
      Running server = running;
      if (server == null) {
        server = start();
        running = server;
      }
      streams = server.streams();
    } finally {
      lock.unlock();
    }
    LOG.debug("vm={} has an SSH client", target.name());
    streams.serve(target, in, out);
  }

  private Running start() throws BangerException {
    Running server =
        (Running)
            ServerBuilder.builder()
                .factory(Running::new)
                .cipherFactories(
                    List.of(
                        BuiltinCiphers.aes128gcm,
                        BuiltinCiphers.aes256gcm,
                        BuiltinCiphers.cc20p1305_openssh,
                        BuiltinCiphers.aes128ctr,
                        BuiltinCiphers.aes256ctr))
                .signatureFactories(
                    List.of(BuiltinSignatures.ed25519_cert, BuiltinSignatures.ed25519))
                .channelFactories(channels())
                .globalRequestHandlers(
                    List.of(
                        KeepAliveHandler.INSTANCE,
                        NoMoreSessionsHandler.INSTANCE,
                        new GuestForwards()))
                .build();
    server.setPort(NO_PORT);
    HostKeys hosts = new HostKeys(keys.authority());
    server.setIoServiceFactoryFactory(new StreamServices());
    server.setKeyPairProvider(hosts);
    server.setHostKeyCertificateProvider(hosts);
    server.setUserAuthFactories(List.of(new UserAuthPublicKeyFactory()));
    server.setPublickeyAuthenticator((_, key, _) -> admits(key));
    CoreModuleProperties.MAX_CONCURRENT_CHANNELS.set(server, MOST_CHANNELS);
    CoreModuleProperties.SERVER_IDENTIFICATION.set(server, "banger");
    CoreModuleProperties.IDLE_TIMEOUT.set(server, Duration.ZERO);
    try {
      server.start();
      return server;
    } catch (IOException e) {
      throw new BangerException(ErrorCode.INTERNAL, "cannot start the SSH endpoint", "", e);
    }
  }

  private static List<ChannelFactory> channels() {
    List<ChannelFactory> channels = new ArrayList<>(DirectChannel.factories());
    channels.add(SessionChannel.factory());
    return channels;
  }

  private boolean admits(PublicKey key) {
    try {
      return KeyUtils.compareKeys(key, keys.client().pair().getPublic());
    } catch (BangerException e) {
      LOG.warn("nobody can log in: {}", e.getMessage(), e);
      return false;
    }
  }

  /** The VM that a connection is for. */
  static SshTarget target(SessionContext session) {
    if (session instanceof Session known && known.getIoSession() instanceof StreamSession stream) {
      return stream.target();
    }
    throw new IllegalStateException("a session of another server: " + session);
  }

  /** One a connection: what the guest said about a user holds for all channels. */
  static Login login(Session session) {
    Login known = session.getAttribute(LOGIN);
    if (known == null) {
      known = new Login(String.valueOf(session.getUsername()), target(session).user());
      session.setAttribute(LOGIN, known);
    }
    return known;
  }

  /** Ends all connections. */
  @Override
  public void close() {
    Running server;
    lock.lock();
    try {
      server = running;
      running = null;
    } finally {
      lock.unlock();
    }
    if (server != null) {
      server.close(true);
    }
  }
}
