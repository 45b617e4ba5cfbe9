package dev.banger.net.port;

import dev.banger.model.BangerException;
import dev.banger.store.PublicationRow;
import dev.banger.store.PublicationRow.Protocol;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the host listens for a port of a guest, or why it does not. Not thread-safe.
 *
 * <p>One for a publication, or the guest's own port on the VM's own address.
 */
final class Door {
  private static final Duration IDLE = Duration.ofSeconds(60);

  private final HostSockets.Place place;
  private final int guestPort;
  private final @Nullable PublicationRow row;
  private @Nullable Relay relay;
  private boolean serves;
  private String problem = "";

  private Door(HostSockets.Place place, int guestPort, @Nullable PublicationRow row) {
    this.place = place;
    this.guestPort = guestPort;
    this.row = row;
  }

  static Door of(PublicationRow row) {
    return new Door(Publications.place(row), row.guestPort(), row);
  }

  /** On an address that is nobody else's: nobody asked for it, so its lack is no failure. */
  static Door own(Protocol protocol, String address, int guestPort) {
    return new Door(new HostSockets.Place(protocol, address, guestPort), guestPort, null);
  }

  /** Empty: on the VM's own address. */
  Optional<PublicationRow> row() {
    return Optional.ofNullable(row);
  }

  HostSockets.Place place() {
    return place;
  }

  int guestPort() {
    return guestPort;
  }

  boolean isOpen() {
    return relay != null;
  }

  /** Why it is not open; empty when it is. */
  String problem() {
    return problem;
  }

  /** Listens; what comes waits until it serves. */
  void open(HostSockets sockets, Slots slots, String vm) throws BangerException {
    String label = vm + "-" + place.protocol() + "-" + place.port();
    try {
      relay =
          switch (place.protocol()) {
            case TCP -> new TcpRelay(sockets.listen(place), guestPort, slots, label);
            case UDP -> new UdpRelay(sockets.receive(place), guestPort, slots, label, IDLE);
          };
      problem = "";
    } catch (BangerException e) {
      String message = e.getMessage();
      problem = message == null ? "" : message;
      throw e;
    }
  }

  void serve(GuestDialer dialer) {
    if (relay != null && !serves) {
      serves = true;
      relay.serve(dialer);
    }
  }

  void close(String why) {
    if (relay != null) {
      relay.close();
      relay = null;
      serves = false;
    }
    problem = why;
  }
}
