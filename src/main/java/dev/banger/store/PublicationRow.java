package dev.banger.store;

import dev.banger.model.VmId;
import java.util.Locale;

/**
 * A port of a guest on an address of the host.
 *
 * @param address of the host, in digits, in one form only
 * @param port of the host
 * @param chosen banger chose the port, and may choose another when it is taken
 */
public record PublicationRow(
    VmId vm, Protocol protocol, String address, int port, boolean chosen, int guestPort) {
  private static final int LAST_PORT = 65_535;

  /** The transport. */
  public enum Protocol {
    TCP,
    UDP;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public PublicationRow {
    if (port < 1 || port > LAST_PORT || guestPort < 1 || guestPort > LAST_PORT) {
      throw new IllegalArgumentException("no ports: " + port + ", " + guestPort);
    }
  }

  /** Whether two sockets of the host cannot have both. */
  public boolean overlaps(PublicationRow other) {
    return protocol == other.protocol
        && port == other.port
        && (covers(address, other.address) || covers(other.address, address));
  }

  private static boolean covers(String one, String other) {
    return one.equals(other)
        || one.equals("::")
        || (one.equals("0.0.0.0") && other.indexOf(':') < 0);
  }

  /** As it is shown and as it can be asked for: {@code 127.0.0.1:8080:80/tcp}. */
  @Override
  public String toString() {
    return host() + ":" + guestPort + "/" + protocol;
  }

  /** {@code 127.0.0.1:8080}, {@code [::1]:8080}. */
  public String host() {
    return (address.indexOf(':') < 0 ? address : "[" + address + "]") + ":" + port;
  }
}
