package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.privileged.HostNetwork;
import dev.banger.privileged.Route;
import dev.banger.store.LeaseTable;
import java.net.Inet6Address;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The host's forwarding: without it no packet of a VM leaves. The kernel carries a switch for all
 * interfaces to each of them, so what each had is written down first; all of it is so again
 * afterwards, one by one, unless somebody else changed it meanwhile. What was written down in an
 * earlier boot of the host counts no more.
 */
final class HostForwarding {
  private static final String BEFORE = "before:";
  private static final String ON = "1";

  /** A host that forwards takes no default route from a router, unless told to all the same. */
  private static final String EVEN_SO = "2";

  /**
   * A switch for all interfaces.
   *
   * @param each what it is carried to, with {@code *} for the interface
   * @param others what the kernel sets besides when it is turned on, and to what
   */
  private record Switch(String all, String each, Map<String, String> others) {}

  private static final Switch FOUR =
      new Switch(
          "net/ipv4/ip_forward",
          "net/ipv4/conf/*/forwarding",
          Map.of("net/ipv4/conf/all/accept_redirects", "0"));
  private static final Switch SIX =
      new Switch("net/ipv6/conf/all/forwarding", "net/ipv6/conf/*/forwarding", Map.of());

  /** A setting as it was, and as it was made. */
  private record Changed(String before, String after) {}

  private final HostNetwork host;
  private final LeaseTable leases;

  HostForwarding(HostNetwork host, LeaseTable leases) {
    this.host = host;
    this.leases = leases;
  }

  void on() throws BangerException {
    if (isOff(SIX)) {
      for (Route route : host.routes()) {
        boolean defaultRoute = route.destination() instanceof Inet6Address && route.prefix() == 0;
        String advertised = "net/ipv6/conf/" + route.device() + "/accept_ra";
        if (defaultRoute && host.setting(advertised).equals(Optional.of(ON))) {
          note(advertised, EVEN_SO);
          host.set(advertised, EVEN_SO);
        }
      }
    }
    turnOn(FOUR);
    turnOn(SIX);
  }

  private boolean isOff(Switch whole) throws BangerException {
    Optional<String> now = host.setting(whole.all());
    return now.isPresent() && !now.get().equals(ON);
  }

  private void turnOn(Switch whole) throws BangerException {
    if (isOff(whole)) {
      for (String setting : each(whole)) {
        note(setting, ON);
      }
      for (Map.Entry<String, String> other : whole.others().entrySet()) {
        note(other.getKey(), other.getValue());
      }
      note(whole.all(), ON);
      host.set(whole.all(), ON);
    }
  }

  /** Of each interface, and of those to come. */
  private List<String> each(Switch whole) throws BangerException {
    return host.settings(whole.each()).stream().filter(name -> !name.contains("/all/")).toList();
  }

  /** What was written down first in this boot stays. */
  private void note(String setting, String after) throws BangerException {
    String boot = host.boot() + " ";
    Optional<String> known = leases.decision(BEFORE + setting).filter(row -> row.startsWith(boot));
    Optional<String> now = host.setting(setting);
    if (known.isEmpty() && now.isPresent()) {
      leases.decide(BEFORE + setting, boot + now.get() + " " + after);
    }
  }

  /** Also what a daemon before this one changed. */
  void restore() throws BangerException {
    Map<String, String> rows = leases.decisions(BEFORE);
    Map<String, Changed> changed = changed(rows);
    for (Switch whole : List.of(FOUR, SIX)) {
      restore(whole, changed);
    }
    for (Map.Entry<String, Changed> one : changed.entrySet()) {
      if (one.getKey().endsWith("/accept_ra") && isStill(one.getKey(), one.getValue())) {
        host.set(one.getKey(), one.getValue().before());
      }
    }
    for (String row : rows.keySet()) {
      leases.forget(row);
    }
  }

  /** Those of this boot, by the setting. */
  private Map<String, Changed> changed(Map<String, String> rows) throws BangerException {
    Map<String, Changed> changed = new LinkedHashMap<>();
    for (Map.Entry<String, String> row : rows.entrySet()) {
      String[] words = row.getValue().split(" ", 3);
      if (words.length == 3 && words[0].equals(host.boot())) {
        changed.put(row.getKey().substring(BEFORE.length()), new Changed(words[1], words[2]));
      }
    }
    return changed;
  }

  private boolean isStill(String setting, Changed change) throws BangerException {
    return host.setting(setting).equals(Optional.of(change.after()));
  }

  /**
   * Turned off for all, and then each interface as it was; one that came later, as those to come.
   */
  private void restore(Switch whole, Map<String, Changed> changed) throws BangerException {
    Changed all = changed.get(whole.all());
    if (all == null || !isStill(whole.all(), all)) {
      return;
    }
    Changed otherwise = changed.get(whole.each().replace("*", "default"));
    List<String> settings = new ArrayList<>(each(whole));
    settings.addAll(whole.others().keySet());
    Map<String, String> wanted = new LinkedHashMap<>();
    for (String setting : settings) {
      Changed change = changed.getOrDefault(setting, otherwise);
      Optional<String> now = host.setting(setting);
      if (now.isPresent()) {
        wanted.put(
            setting,
            change != null && now.get().equals(change.after()) ? change.before() : now.get());
      }
    }
    host.set(whole.all(), all.before());
    for (Map.Entry<String, String> one : wanted.entrySet()) {
      Optional<String> now = host.setting(one.getKey());
      if (now.isPresent() && !now.get().equals(one.getValue())) {
        host.set(one.getKey(), one.getValue());
      }
    }
  }
}
