package dev.banger.net;

import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

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
    if (plug.network() != 0) {
      String mark = "0x" + Integer.toHexString(MARK | plug.network());
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

  private static String quoted(String name) {
    return '"' + name + '"';
  }

  private String bridgeTable() {
    return """
    table bridge %1$s {
      set macs { type ifname . ether_addr; }
      set senders4 { type ifname . ipv4_addr; }
      set senders6 { type ifname . ipv6_addr; }
      map network_of { type ifname : mark; }
      set members { type ifname . mark; }
      chain prerouting {
        type filter hook prerouting priority -300; policy accept;
        iifname != "%2$s*" accept
        iifname . ether saddr != @macs drop
        ether type arp goto from_arp
        ether type ip goto from_ip4
        ether type ip6 goto from_ip6
        drop
      }
      chain from_arp {
        iifname . arp saddr ether != @macs drop
        arp saddr ip 0.0.0.0 accept
        iifname . arp saddr ip @senders4 accept
        drop
      }
      chain from_ip4 {
        iifname . ip saddr @senders4 accept
        drop
      }
      chain from_ip6 {
        icmpv6 type { nd-router-advert, nd-redirect } drop
        ip6 saddr :: icmpv6 type { nd-neighbor-solicit, nd-router-solicit, mld2-listener-report } accept
        iifname . ip6 saddr @senders6 accept
        drop
      }
      chain forward {
        type filter hook forward priority -200; policy accept;
        iifname != "%2$s*" accept
        meta mark set iifname map @network_of
        oifname . meta mark @members accept
        drop
      }
    }
    """
        .formatted(table, taps);
  }

  private String inetTable() {
    return """
    table inet %1$s {
      map policy4 { type ipv4_addr : verdict; }
      map policy6 { type ipv6_addr : verdict; }
      set nat4 { type ipv4_addr; }
      set nat6 { type ipv6_addr; }
      set private4 {
        type ipv4_addr; flags interval;
        elements = { %4$s }
      }
      set private6 {
        type ipv6_addr; flags interval;
        elements = { %5$s }
      }
      chain egress_all {
        accept
      }
      chain egress_none {
        reject with icmpx admin-prohibited
      }
      chain egress_internet {
        ip daddr @private4 reject with icmpx admin-prohibited
        ip6 daddr @private6 reject with icmpx admin-prohibited
        accept
      }
      chain leaving {
        oifname "%2$s" drop
        ct state established,related accept
        ct state invalid drop
        ip saddr vmap @policy4
        ip6 saddr vmap @policy6
        drop
      }
      chain arriving {
        ct state established,related accept
        drop
      }
      chain forward {
        type filter hook forward priority filter; policy accept;
        iifname "%2$s" oifname "%2$s" %3$s accept
        iifname "%2$s" goto leaving
        oifname "%2$s" goto arriving
      }
      chain input {
        type filter hook input priority filter; policy accept;
        iifname != "%2$s" accept
        ct state established,related accept
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld2-listener-report } accept
        ip daddr %6$s meta l4proto { tcp, udp } th dport 53 accept
        ip6 daddr %7$s meta l4proto { tcp, udp } th dport 53 accept
        ip daddr %6$s icmp type echo-request accept
        ip6 daddr %7$s icmpv6 type echo-request accept
        ip daddr %6$s reject with icmpx admin-prohibited
        drop
      }
      chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        oifname "%2$s" accept
        ip saddr @nat4 masquerade
        ip6 saddr @nat6 masquerade
      }
    }
    """
        .formatted(
            table,
            bridge,
            MARKED,
            PRIVATE_4.stream().collect(Collectors.joining(", ")),
            PRIVATE_6.stream().collect(Collectors.joining(", ")),
            plan.gateway4().getHostAddress(),
            plan.gateway6().getHostAddress());
  }

  /** IANA's special-purpose registry: what is no address on the internet. */
  private static final List<String> PRIVATE_4 =
      List.of(
          "0.0.0.0/8",
          "10.0.0.0/8",
          "100.64.0.0/10",
          "127.0.0.0/8",
          "169.254.0.0/16",
          "172.16.0.0/12",
          "192.168.0.0/16",
          "198.18.0.0/15",
          "224.0.0.0/4",
          "240.0.0.0/4");

  private static final List<String> PRIVATE_6 =
      List.of("::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8");
}
