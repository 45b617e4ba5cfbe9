package dev.banger.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@link Methods} on a Unix socket: one virtual thread a connection, one a request. Whatever
 * a client sends, or does not read, costs a bounded amount of memory and no other client anything.
 */
public final class RpcServer implements AutoCloseable {
  /**
   * What one client may take.
   *
   * @param line bytes of a request
   * @param allLines bytes of unfinished requests of all connections together
   * @param inFlight requests at work on a connection
   */
  public record Limits(int line, int allLines, int inFlight, int connections) {
    public static final Limits STANDARD = new Limits(1 << 20, 16 << 20, 64, 256);
  }

  /**
   * How to serve.
   *
   * @param forGroup the socket's group may call, too
   * @param allowed whether a peer may call at all
   * @param greeting a notification, the first line on every connection
   */
  public record Config(
      Path socket, boolean forGroup, Predicate<Peer> allowed, Greeting greeting, Limits limits) {}

  /** A notification that every client gets first. */
  public record Greeting(String method, Object params) {}

  private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final Duration FAREWELL = Duration.ofSeconds(6);

  private final Config config;
  private final Methods methods;
  private final SocketFile socket;
  private final String greeting;
  private final Semaphore lineBudget;
  private final Thread acceptor;
  private final LeafLock lock = new LeafLock("rpc server");

  @GuardedBy("lock")
  private final Set<Connection> connections = new HashSet<>();

  private RpcServer(Config config, Methods methods, SocketFile socket) {
    this.config = config;
    this.methods = methods;
    this.socket = socket;
    this.greeting =
        Request.notification(config.greeting().method(), methods.json(config.greeting().params()));
    this.lineBudget = new Semaphore(config.limits().allLines());
    this.acceptor = Thread.ofVirtual().name("rpc-accept").unstarted(this::accept);
  }

  /** Owns the socket from here on, but answers nobody before {@link #start}. */
  public static RpcServer bind(Config config, Methods methods) throws BangerException {
    return new RpcServer(config, methods, SocketFile.bind(config.socket(), config.forGroup()));
  }

  /** Begins to serve. */
  public void start() {
    acceptor.start();
  }

  private void accept() {
    while (true) {
      try {
        welcome(socket.channel().accept());
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        LOG.warn("cannot accept a connection on {}", config.socket(), e);
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void welcome(SocketChannel channel) {
    Connection connection = null;
    try {
      UnixDomainPrincipal principal = channel.getOption(ExtendedSocketOptions.SO_PEERCRED);
      Peer peer = new Peer(principal.user().getName(), principal.group().getName());
      connection = new Connection(channel, peer, methods, config.limits(), lineBudget);
      if (!config.allowed().test(peer)) {
        LOG.warn("refused a call by user {}", peer.user());
        refuse(connection, ErrorCode.PERMISSION, peer.user() + " may not call this daemon", "");
      } else if (!add(connection)) {
        refuse(
            connection,
            ErrorCode.UNAVAILABLE,
            "the daemon serves " + config.limits().connections() + " connections already",
            "close some clients");
      } else {
        connection.greet(greeting);
        Connection admitted = connection;
        Thread.ofVirtual().name("rpc-connection").start(() -> serve(admitted));
      }
    } catch (IOException e) {
      LOG.warn("cannot serve a connection", e);
      close(channel);
    }
  }

  private void serve(Connection connection) {
    try {
      connection.run();
    } finally {
      remove(connection);
    }
  }

  /** On a thread of its own: a client that does not read holds up nobody. */
  private static void refuse(Connection connection, ErrorCode code, String tried, String hint) {
    String error = ErrorObject.error(ErrorObject.REFUSED, new BangerException(code, tried, hint));
    connection.greet(Request.failure(null, error));
    Thread.ofVirtual().name("rpc-refuse").start(connection::shutDown);
  }

  private static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing a connection", e);
    }
  }

  private boolean add(Connection connection) {
    lock.lock();
    try {
      return connections.size() < config.limits().connections() && connections.add(connection);
    } finally {
      lock.unlock();
    }
  }

  private void remove(Connection connection) {
    lock.lock();
    try {
      connections.remove(connection);
    } finally {
      lock.unlock();
    }
  }

  /** How many clients are connected. */
  public int connections() {
    lock.lock();
    try {
      return connections.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes no more calls, interrupts those at work, sends what is queued, gives the path back. Not
   * to be called by a handler.
   */
  @Override
  public void close() {
    try {
      socket.stopListening();
      sayFarewell();
      socket.close();
    } catch (IOException e) {
      LOG.warn("cannot remove {}", config.socket(), e);
    }
  }

  private void sayFarewell() {
    List<Connection> open;
    lock.lock();
    try {
      open = List.copyOf(connections);
    } finally {
      lock.unlock();
    }
    List<Thread> farewells =
        open.stream().map(connection -> Thread.ofVirtual().start(connection::shutDown)).toList();
    try {
      for (Thread farewell : farewells) {
        farewell.join(FAREWELL);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
