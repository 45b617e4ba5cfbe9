package dev.banger.net;

import dev.banger.model.VmId;
import dev.banger.net.egress.Egress;
import java.net.InetAddress;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * A VM whose card is plugged into the bridge.
 *
 * @param mac with colons
 * @param local its IPv6 link-local address, from its MAC
 * @param nat whether its packets leave under the host's address
 * @param network the number of the network whose members it sees; 0: it sees nobody
 * @param egress where its packets may go
 * @param pins what its list's names stand for, and until when for new connections; those that were
 *     open before go on
 */
record Plug(
    VmId vm,
    String tap,
    String mac,
    InetAddress address4,
    InetAddress address6,
    InetAddress local,
    boolean nat,
    int network,
    Egress egress,
    Map<Pin, Instant> pins) {
  Plug {
    pins = Map.copyOf(pins);
  }

  /** With these pins too, and without any of addresses that are forgotten. */
  Plug with(Map<Pin, Instant> more, Set<InetAddress> gone) {
    Map<Pin, Instant> now = new HashMap<>(pins);
    now.keySet().removeIf(pin -> gone.contains(pin.address()));
    more.forEach((pin, until) -> now.merge(pin, until, Plug::later));
    return new Plug(vm, tap, mac, address4, address6, local, nat, network, egress, now);
  }

  private static Instant later(Instant one, Instant other) {
    return one.isBefore(other) ? other : one;
  }
}
