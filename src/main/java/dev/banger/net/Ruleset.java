package dev.banger.net;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /**
   * @param taps how the names of all VMs' network devices begin
   * @param table of each of both families
   */
  Ruleset(String bridge, String taps, String table, AddressPlan plan) {
    this.bridge = bridge;
    this.taps = taps;
    this.table = table;
    this.plan = plan;
  }

  /** Both tables anew, with these VMs, in one transaction. */
  String whole(Collection<Plug> plugs) {
    StringBuilder text = new StringBuilder(removed(table));
    text.append(bridgeTable()).append(inetTable());
    for (Plug plug : plugs) {
      text.append(added(plug));
    }
    return text.toString();
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
    return elements("add", plug);
  }

  /** The elements must be there. */
  String removed(Plug plug) {
    return elements("delete", plug);
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
    String verdict = " : goto egress_" + plug.egress();
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
            "PRIVATE4",
            String.join(", ", PRIVATE_4),
            "PRIVATE6",
            String.join(", ", PRIVATE_6),
            "GATEWAY4",
            plan.gateway4().getHostAddress(),
            "GATEWAY6",
            plan.gateway6().getHostAddress()));
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

  /** IANA's special-purpose registry and clouds' own: what is no address on the internet. */
  private static final List<String> PRIVATE_4 =
      List.of(
          "0.0.0.0/8",
          "10.0.0.0/8",
          "168.63.129.16",
          "192.0.0.0/24",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "169.254.0.0/16",
          "172.16.0.0/12",
          "192.168.0.0/16",
          "198.18.0.0/15",
          "224.0.0.0/4",
          "240.0.0.0/4");

  private static final List<String> PRIVATE_6 =
      List.of(
          "::/128",
          "::1/128",
          "64:ff9b::/96",
          "64:ff9b:1::/48",
          "2002::/16",
          "fc00::/7",
          "fe80::/10",
          "fec0::/10",
          "ff00::/8");
}
