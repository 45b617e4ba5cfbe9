package dev.banger.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * {@code [network]}.
 *
 * @param mode what VMs get
 * @param bridge its name; empty: banger0, or the next that is free
 * @param subnet IPv4 network of the VMs; empty: one that meets no route of the host
 * @param taps how many network devices are made ahead
 * @param manageForwarding whether the host's forwarding is turned on for the VMs
 * @param dns where this host's programs ask for names of VMs, on loopback; empty: nowhere
 * @param user what carries the user network
 */
public record NetworkSettings(
    Mode mode,
    String bridge,
    String subnet,
    int taps,
    boolean manageForwarding,
    Optional<InetSocketAddress> dns,
    User user) {

  /** How VMs reach the network. */
  public enum Mode {
    /** A bridge where the host lets us make one, else the VMM's own network. */
    AUTO,
    /** A bridge: root only. */
    BRIDGE,
    /** The VMM's own network: no right on the host is needed. */
    USER
  }

  /** What carries the user network. */
  public enum User {
    /** passt where it is new enough, else the VMM. */
    AUTO,
    /** passt, whatever it is like. */
    PASST,
    /** The VMM: QEMU's slirp. */
    QEMU
  }

  /** Where names are asked for when nothing else is said. */
  private static final int DNS_PORT = 5354;

  /** What holds where the file says nothing. */
  public static NetworkSettings defaults() {
    return new NetworkSettings(
        Mode.AUTO,
        "",
        "",
        8,
        true,
        Optional.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), DNS_PORT)),
        User.AUTO);
  }
}
