package dev.banger.net;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.banger.net.egress.PublicAddresses;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.time.Clock;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/**
 * The packet filter as text for nft(8). Two tables, since a bridge carries packets past the IP
 * filter: {@code bridge} says who may speak as whom and to which neighbour, {@code inet} what may
 * leave, come in, and reach the host. A VM is an element of sets and maps, never a rule.
 */
final class Ruleset {
  /** Marks packets between members of one network; the lower half is its number. */
  private static final int MARK = 0x62610000;

  private static final String MARKED = "meta mark & 0xffff0000 == 0x62610000";

  private final String bridge;
  private final String taps;
  private final String table;
  private final AddressPlan plan;
  private final EgressRules egress;

  /**
   * @param taps how the names of all VMs' network devices begin
   * @param table of each of both families
   */
  Ruleset(String bridge, String taps, String table, AddressPlan plan) {
    this.bridge = bridge;
    this.taps = taps;
    this.table = table;
    this.plan = plan;
    this.egress = new EgressRules(table, Clock.systemUTC());
  }

  /**
   * Both tables anew, with these VMs, in one transaction.
   *
   * @param seen what {@link SeenSets#kept} says
   */
  String whole(Collection<Plug> plugs, String seen) {
    StringBuilder text = new StringBuilder(removed(table));
    text.append(bridgeTable()).append(inetTable());
    for (Plug plug : plugs) {
      text.append(added(plug));
    }
    return text.append(seen).toString();
  }

  /** Where VMs' destinations are noted. */
  SeenSets seen() {
    return new SeenSets(table);
  }

  /** Pins of these addresses hold as the plug says. */
  String pinned(Plug plug, Set<InetAddress> addresses) {
    return egress.pinned(plug, addresses);
  }

  /** None of these addresses has a pin any more. */
  String unpinned(Plug plug, Set<InetAddress> addresses) {
    return egress.unpinned(plug, addresses);
  }

  /** Nothing is left, also where nothing was. */
  static String removed(String table) {
    StringBuilder text = new StringBuilder();
    for (String family : List.of("bridge", "inet")) {
      text.append("add table %s %s\ndelete table %s %s\n".formatted(family, table, family, table));
    }
    return text.toString();
  }

  String added(Plug plug) {
    return elements("add", plug) + egress.added(plug);
  }

  /** The elements must be there. */
  String removed(Plug plug) {
    return elements("delete", plug) + egress.removed(plug);
  }

  private String elements(String verb, Plug plug) {
    StringBuilder text = new StringBuilder();
    String tap = quoted(plug.tap());
    Function<InetAddress, String> sender = address -> tap + " . " + address.getHostAddress();
    one(text, verb, "bridge", "macs", tap + " . " + plug.mac());
    one(text, verb, "bridge", "senders4", sender.apply(plug.address4()));
    one(text, verb, "bridge", "senders6", sender.apply(plug.address6()));
    one(text, verb, "bridge", "senders6", sender.apply(plug.local()));
    one(text, verb, "bridge", "targets", tap + " . " + number(plug.address6()));
    one(text, verb, "bridge", "targets", tap + " . " + number(plug.local()));
    if (plug.network() != 0) {
      String mark = "0x" + Integer.toHexString(MARK + plug.network());
      one(text, verb, "bridge", "network_of", tap + " : " + mark);
      one(text, verb, "bridge", "members", tap + " . " + mark);
    }
    String chain = plug.egress().word().orElse(plug.egress().mode().toString());
    String verdict = " : goto egress_" + chain;
    one(text, verb, "inet", "policy4", plug.address4().getHostAddress() + verdict);
    one(text, verb, "inet", "policy6", plug.address6().getHostAddress() + verdict);
    if (plug.nat()) {
      one(text, verb, "inet", "nat4", plug.address4().getHostAddress());
      one(text, verb, "inet", "nat6", plug.address6().getHostAddress());
    }
    return text.toString();
  }

  private void one(StringBuilder text, String verb, String family, String set, String element) {
    text.append("%s element %s %s %s { %s }\n".formatted(verb, family, table, set, element));
  }

  /** As nft(8) takes bytes that it knows no type of. */
  private static String number(InetAddress address) {
    return "0x" + HexFormat.of().formatHex(address.getAddress());
  }

  private static String quoted(String name) {
    return '"' + name + '"';
  }

  private String bridgeTable() {
    return filled("bridge.nft", Map.of("TABLE", table, "TAPS", taps));
  }

  private String inetTable() {
    return filled(
        "inet.nft",
        Map.of(
            "TABLE",
            table,
            "BRIDGE",
            bridge,
            "TAPS",
            taps,
            "MARKED",
            MARKED,
            "EGRESS",
            family("4", "ip", PublicAddresses.PRIVATE_4)
                + family("6", "ip6", PublicAddresses.PRIVATE_6),
            "GATEWAY4",
            plan.gateway4().getHostAddress(),
            "GATEWAY6",
            plan.gateway6().getHostAddress()));
  }

  private static String family(String number, String protocol, List<String> privates) {
    return filled(
        "egress.nft",
        Map.of(
            "F",
            number,
            "IP",
            protocol,
            "ADDR",
            "ipv" + number + "_addr",
            "KEPT",
            SeenSets.KEPT.toDays() + "d",
            "PRIVATE",
            String.join(", ", privates)));
  }

  /** A file beside this class, with values in place of {@code @NAME@}. */
  private static String filled(String file, Map<String, String> values) {
    try (InputStream in = Ruleset.class.getResourceAsStream(file)) {
      String text = new String(Objects.requireNonNull(in, file).readAllBytes(), UTF_8);
      for (Map.Entry<String, String> value : values.entrySet()) {
        text = text.replace("@" + value.getKey() + "@", value.getValue());
      }
      return text;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
