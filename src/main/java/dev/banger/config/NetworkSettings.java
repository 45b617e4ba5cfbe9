package dev.banger.config;

/**
 * {@code [network]}.
 *
 * @param mode what VMs get
 * @param bridge its name; empty: banger0, or the next that is free
 * @param subnet IPv4 network of the VMs; empty: one that meets no route of the host
 * @param taps how many network devices are made ahead
 * @param manageForwarding whether the host's forwarding is turned on for the VMs
 */
public record NetworkSettings(
    Mode mode, String bridge, String subnet, int taps, boolean manageForwarding) {

  /** How VMs reach the network. */
  public enum Mode {
    /** A bridge where the host lets us make one, else the VMM's own network. */
    AUTO,
    /** A bridge: root only. */
    BRIDGE,
    /** The VMM's own network: no right on the host is needed. */
    USER
  }

  /** What holds where the file says nothing. */
  public static NetworkSettings defaults() {
    return new NetworkSettings(Mode.AUTO, "", "", 8, true);
  }
}
