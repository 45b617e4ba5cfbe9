package dev.banger.net.egress;

import java.util.List;

/**
 * Ports of a protocol.
 *
 * @param first of the ports, as {@code last} 0 where the protocol has none
 */
public record Service(Protocol protocol, int first, int last) {
  /** Whatever protocol, whatever port. */
  public static final Service ANY = new Service(Protocol.ANY, 0, 0);

  public static final int TCP = 6;
  public static final int UDP = 17;
  private static final int LAST_PORT = 65_535;

  /** BOTH are TCP and UDP; ANY is all that IP carries, as ICMP. */
  public enum Protocol {
    ANY,
    BOTH,
    TCP,
    UDP
  }

  public Service {
    boolean ports = protocol != Protocol.ANY;
    if (ports ? first < 1 || last < first || last > LAST_PORT : first != 0 || last != 0) {
      throw new IllegalArgumentException("no ports: " + first + "-" + last);
    }
  }

  /** How many ports it has; 0: all. */
  int ports() {
    return this.equals(ANY) ? 0 : last - first + 1;
  }

  /** Whether this protocol, by its number, is one of it. */
  boolean isOf(int number) {
    return switch (protocol) {
      case ANY -> true;
      case BOTH -> number == TCP || number == UDP;
      case TCP -> number == TCP;
      case UDP -> number == UDP;
    };
  }

  boolean covers(int number, int port) {
    return isOf(number) && (protocol == Protocol.ANY || (first <= port && port <= last));
  }

  /** Its protocols as nft(8) calls them; none: any. */
  public List<String> protocols() {
    return switch (protocol) {
      case ANY -> List.of();
      case BOTH -> List.of("tcp", "udp");
      case TCP -> List.of("tcp");
      case UDP -> List.of("udp");
    };
  }

  /** What stands behind an address. */
  String suffix() {
    if (protocol == Protocol.ANY) {
      return "";
    }
    String ports = first == last ? Integer.toString(first) : first + "-" + last;
    return ":" + ports + (protocol == Protocol.BOTH ? "" : "/" + protocols().getFirst());
  }
}
