package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.privileged.HostNetwork;
import dev.banger.privileged.Route;
import dev.banger.store.LeaseTable;
import java.net.Inet6Address;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The host's forwarding: without it no packet of a VM leaves. What was before is written down
 * first, and is so again afterwards unless somebody else changed it meanwhile.
 */
final class HostForwarding {
  private static final String FORWARDING_6 = "net/ipv6/conf/all/forwarding";
  private static final String BEFORE = "before:";
  private static final String ON = "1";

  /** A host that forwards takes no default route from a router, unless told to all the same. */
  private static final String EVEN_SO = "2";

  private final HostNetwork host;
  private final LeaseTable leases;

  HostForwarding(HostNetwork host, LeaseTable leases) {
    this.host = host;
    this.leases = leases;
  }

  void on() throws BangerException {
    if (!host.setting(FORWARDING_6).equals(Optional.of(ON))) {
      for (Route route : host.routes()) {
        boolean defaultRoute = route.destination() instanceof Inet6Address && route.prefix() == 0;
        String advertised = "net/ipv6/conf/" + route.device() + "/accept_ra";
        if (defaultRoute && host.setting(advertised).equals(Optional.of(ON))) {
          change(advertised, EVEN_SO);
        }
      }
    }
    change("net/ipv4/ip_forward", ON);
    change(FORWARDING_6, ON);
  }

  private void change(String setting, String wanted) throws BangerException {
    Optional<String> now = host.setting(setting);
    if (now.isPresent() && !now.get().equals(wanted)) {
      leases.decide(BEFORE + setting, now.get() + " " + wanted);
      host.set(setting, wanted);
    }
  }

  /** Also what a daemon before this one changed. */
  void restore() throws BangerException {
    Map<String, String> changed = new LinkedHashMap<>(leases.decisions(BEFORE));
    for (Map.Entry<String, String> change : changed.entrySet()) {
      String setting = change.getKey().substring(BEFORE.length());
      String[] values = change.getValue().split(" ", 2);
      if (host.setting(setting).equals(Optional.of(values[1]))) {
        host.set(setting, values[0]);
      }
      leases.forget(change.getKey());
    }
  }
}
