package dev.banger.net.port;

import dev.banger.model.BangerException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Joins each connection to a port of the host to a server in the guest. */
final class TcpRelay implements Relay {
  private static final Logger LOG = LoggerFactory.getLogger(TcpRelay.class);
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final ServerSocketChannel server;
  private final int guestPort;
  private final Slots slots;
  private final String label;
  private volatile @Nullable Thread waiter;
  private final Set<Junction> junctions = ConcurrentHashMap.newKeySet();

  /**
   * @param server listens
   * @param label for the log
   */
  TcpRelay(ServerSocketChannel server, int guestPort, Slots slots, String label) {
    this.server = server;
    this.guestPort = guestPort;
    this.slots = slots;
    this.label = label;
  }

  @Override
  public void serve(GuestDialer dialer) {
    waiter = Thread.ofVirtual().name("port-" + label).start(() -> accept(dialer));
  }

  private void accept(GuestDialer dialer) {
    try {
      while (server.isOpen()) {
        try {
          begin(server.accept(), dialer);
        } catch (ClosedChannelException e) {
          return;
        } catch (IOException e) {
          LOG.warn("{} cannot take a connection", label, e); // as when descriptors are short
          Thread.sleep(PAUSE);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void begin(SocketChannel client, GuestDialer dialer) throws InterruptedException {
    Junction junction = new Junction(client);
    junctions.add(junction);
    boolean begun = false;
    try {
      slots.enter();
      Thread.ofVirtual().name("connection-" + label).start(() -> join(junction, dialer));
      begun = true;
    } finally {
      if (!begun) {
        junctions.remove(junction);
        junction.abort();
      }
    }
    if (!server.isOpen()) {
      junction.abort(); // it came after close had looked
    }
  }

  private void join(Junction junction, GuestDialer dialer) {
    try {
      junction.client().setOption(StandardSocketOptions.TCP_NODELAY, true);
      junction.join(dialer.dial(guestPort));
    } catch (BangerException e) {
      LOG.debug("{} refused a connection", label, e);
    } catch (IOException e) {
      LOG.debug("{} lost a connection", label, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      junction.abort();
      junctions.remove(junction);
      slots.leave();
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      LOG.debug("{} cannot be closed", label, e);
    }
    junctions.forEach(Junction::abort);
    Relay.awaitEnd(waiter);
  }
}
