package dev.banger.net.port;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes datagrams on, each client of the host as one client in the guest. */
final class UdpRelay implements Relay {
  private static final Logger LOG = LoggerFactory.getLogger(UdpRelay.class);
  private static final int LARGEST = 65_535;
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final DatagramChannel socket;
  private final int guestPort;
  private final Slots slots;
  private final String label;
  private volatile @Nullable Thread waiter;
  private final Duration idleLimit;
  private final Map<SocketAddress, UdpFlow> flows = new ConcurrentHashMap<>();

  /** Which of the guest's addresses has answered last. */
  private volatile int lastGood;

  /**
   * @param socket bound
   * @param label for the log
   * @param idleLimit a client that is silent for so long, and to whom nobody speaks, is forgotten
   */
  UdpRelay(DatagramChannel socket, int guestPort, Slots slots, String label, Duration idleLimit) {
    this.socket = socket;
    this.guestPort = guestPort;
    this.slots = slots;
    this.label = label;
    this.idleLimit = idleLimit;
  }

  @Override
  public void serve(GuestDialer dialer) {
    waiter = Thread.ofVirtual().name("port-" + label).start(() -> receive(dialer));
  }

  private void receive(GuestDialer dialer) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(LARGEST);
    try {
      while (socket.isOpen()) {
        try {
          SocketAddress client = socket.receive(buffer.clear());
          byte[] datagram = new byte[buffer.flip().remaining()];
          buffer.get(datagram);
          pass(client, datagram, dialer);
        } catch (ClosedChannelException e) {
          return;
        } catch (IOException e) {
          LOG.warn("{} cannot receive", label, e);
          Thread.sleep(PAUSE);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      flows.values().forEach(UdpFlow::end);
    }
  }

  /** What finds no room is lost, as datagrams are. */
  private void pass(SocketAddress client, byte[] datagram, GuestDialer dialer)
      throws InterruptedException {
    UdpFlow known = flows.get(client);
    if (known != null && known.offer(datagram)) {
      return;
    }
    if (slots.enterFlow() || enterInPlaceOfAnother()) {
      UdpFlow flow = new UdpFlow(this, client, dialer);
      flows.put(client, flow);
      boolean _ = flow.offer(datagram);
      flow.begin();
    }
  }

  private boolean enterInPlaceOfAnother() throws InterruptedException {
    flows.values().stream()
        .min(Comparator.comparingLong(UdpFlow::lastUsed))
        .ifPresent(UdpFlow::end);
    return slots.enterFlowSoon();
  }

  void answer(SocketAddress client, byte[] datagram) throws IOException {
    int _ = socket.send(ByteBuffer.wrap(datagram), client);
  }

  /** The flow's thread is over. */
  void ended(SocketAddress client, UdpFlow flow) {
    flows.remove(client, flow);
    slots.leaveFlow();
  }

  int guestPort() {
    return guestPort;
  }

  String label() {
    return label;
  }

  Duration idleLimit() {
    return idleLimit;
  }

  int lastGood() {
    return lastGood;
  }

  void good(int attempt) {
    lastGood = attempt;
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      LOG.debug("{} cannot be closed", label, e);
    }
    flows.values().forEach(UdpFlow::end);
    Relay.awaitEnd(waiter);
  }
}
