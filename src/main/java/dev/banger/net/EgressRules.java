package dev.banger.net;

import dev.banger.net.egress.AddressRange;
import dev.banger.net.egress.Listed;
import dev.banger.net.egress.Service;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What a VM's egress is in the sets of table {@code inet}, as commands of nft(8). */
final class EgressRules {
  private final String table;
  private final Clock clock;

  EgressRules(String table, Clock clock) {
    this.table = table;
    this.clock = clock;
  }

  /** Elements by set, each with the seconds that it holds; 0: for good. */
  private static final class Elements {
    private final Map<String, Map<String, Long>> sets = new LinkedHashMap<>();

    void put(String set, String element, long seconds) {
      sets.computeIfAbsent(set, _ -> new LinkedHashMap<>()).merge(element, seconds, Math::max);
    }
  }

  private String commands(String verb, Elements elements) {
    StringBuilder text = new StringBuilder();
    elements.sets.forEach((set, all) ->
        text.append(
            "%s element inet %s %s { %s }\n"
                .formatted(
                    verb,
                    table,
                    set,
                    all.entrySet().stream()
                        .map(one -> one.getKey() + timeout(one.getValue()))
                        .collect(Collectors.joining(", ")))));
    return text.toString();
  }

  private static String timeout(long seconds) {
    return seconds == 0 ? "" : " timeout " + seconds + "s";
  }

  String added(Plug plug) {
    return commands("add", lasting(plug)) + pinned(plug, addresses(plug));
  }

  private static Set<InetAddress> addresses(Plug plug) {
    return plug.pins().keySet().stream().map(Pin::address).collect(Collectors.toSet());
  }

  /** All must be there but the pins, whose time may have come. */
  String removed(Plug plug) {
    return commands("delete", lasting(plug)) + unpinned(plug, addresses(plug));
  }

  /** Its pins of these addresses hold as long as they say, whether they were there or not. */
  String pinned(Plug plug, Set<InetAddress> addresses) {
    Instant now = clock.instant();
    Elements bare = new Elements();
    Elements timed = new Elements();
    plug.pins()
        .forEach((pin, until) -> {
          if (addresses.contains(pin.address()) && until.isAfter(now)) {
            put(bare, plug, pin, 0);
            put(timed, plug, pin, Math.max(1, Duration.between(now, until).toSeconds()));
          }
        });
    return commands("add", known(plug, addresses))
        + commands("add", bare) // what is there is not prolonged, what is not cannot be removed
        + commands("delete", bare)
        + commands("add", timed);
  }

  /** Its pins of these addresses are there no more. */
  String unpinned(Plug plug, Set<InetAddress> addresses) {
    Elements bare = new Elements();
    plug.pins().keySet().stream()
        .filter(pin -> addresses.contains(pin.address()))
        .forEach(pin -> put(bare, plug, pin, 0));
    return commands("add", bare)
        + commands("delete", bare)
        + commands("delete", known(plug, addresses));
  }

  private static Elements lasting(Plug plug) {
    Elements elements = new Elements();
    if (plug.egress().word().isPresent()) {
      return elements;
    }
    Listed listed = plug.egress().listed();
    for (AddressRange range : listed.hosts()) {
      elements.put("hosts" + family(range.six()), self(plug, range.six()) + range.element(), 0);
    }
    for (Listed.Box box : listed.boxes()) {
      boolean six = box.range().six();
      elements.put(
          "ports" + family(six),
          self(plug, six) + box.range().element() + " . " + box.ports().element(),
          0);
    }
    for (boolean six : List.of(false, true)) {
      if (listed.isOpen()) {
        elements.put("open" + family(six), address(plug, six), 0);
      }
      for (Listed.Ports ports : listed.open()) {
        elements.put("public" + family(six), self(plug, six) + ports.element(), 0);
      }
    }
    return elements;
  }

  private static char family(boolean six) {
    return six ? '6' : '4';
  }

  private static String address(Plug plug, boolean six) {
    return (six ? plug.address6() : plug.address4()).getHostAddress();
  }

  private static String self(Plug plug, boolean six) {
    return address(plug, six) + " . ";
  }

  private static void put(Elements elements, Plug plug, Pin pin, long seconds) {
    boolean six = !(pin.address() instanceof Inet4Address);
    String place = self(plug, six) + pin.address().getHostAddress();
    Service service = pin.service();
    if (service.equals(Service.ANY)) {
      elements.put("pinned" + family(six), place, seconds);
    }
    for (String protocol : service.protocols()) {
      for (int port = service.first(); port <= service.last(); port++) {
        String element = place + " . " + protocol + " . " + port;
        elements.put("pinned_ports" + family(six), element, seconds);
      }
    }
  }

  /** Only addresses of which there are pins. */
  private static Elements known(Plug plug, Set<InetAddress> addresses) {
    Elements elements = new Elements();
    for (InetAddress address : addresses(plug)) {
      if (addresses.contains(address)) {
        boolean six = !(address instanceof Inet4Address);
        elements.put("known" + family(six), self(plug, six) + address.getHostAddress(), 0);
      }
    }
    return elements;
  }
}
