package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.privileged.HostNetwork;
import dev.banger.privileged.Route;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A host's network in memory, with the kernel's way of carrying one switch to all interfaces. */
final class FakeNetwork implements HostNetwork {
  /** An interface; a port has a bridge. */
  static final class Link {
    String alias = "";
    String mac = "";
    String bridge = "";
    boolean attached;
  }

  final Map<String, Link> links = new ConcurrentSkipListMap<>();
  final Map<String, String> settings = new ConcurrentSkipListMap<>();
  final List<Route> routes = new CopyOnWriteArrayList<>();
  final List<String> filters = new CopyOnWriteArrayList<>();
  final AtomicInteger looks = new AtomicInteger();
  private final Map<String, List<String>> addresses = new ConcurrentHashMap<>();

  /** Whoever is on a link and no VM: MACs by addresses. */
  final Map<String, String> answers = new ConcurrentHashMap<>();

  volatile String boot = "boot-1";
  volatile boolean refusesBridges;
  volatile boolean refusesGroups;

  /** What was removed together, each time. */
  final List<Set<String>> removals = new CopyOnWriteArrayList<>();

  private volatile @Nullable Listener listener;

  /** With these interfaces; nothing is forwarded. */
  FakeNetwork(String... interfaces) {
    settings.put("net/ipv4/ip_forward", "0");
    settings.put("net/ipv4/conf/all/accept_redirects", "1");
    for (String name : List.of("all", "default")) {
      of(name);
    }
    for (String name : interfaces) {
      links.put(name, new Link());
      of(name);
    }
  }

  private void of(String link) {
    settings.put("net/ipv4/conf/" + link + "/forwarding", setting4("default"));
    settings.put("net/ipv6/conf/" + link + "/forwarding", setting6("default"));
    settings.put("net/ipv6/conf/" + link + "/accept_ra", "1");
  }

  private String setting4(String link) {
    return settings.getOrDefault("net/ipv4/conf/" + link + "/forwarding", "0");
  }

  private String setting6(String link) {
    return settings.getOrDefault("net/ipv6/conf/" + link + "/forwarding", "0");
  }

  Link link(String name) {
    return Objects.requireNonNull(links.get(name), name);
  }

  /** All that can be compared before and after. */
  Map<String, String> state() {
    Map<String, String> state = new TreeMap<>(settings);
    links.forEach((name, link) -> state.put(name, link.alias + "|" + link.bridge));
    return state;
  }

  List<String> addresses(String link) {
    return addresses.getOrDefault(link, List.of());
  }

  void tell(Change... changes) {
    Listener told = listener;
    if (told != null) {
      told.changed(EnumSet.copyOf(List.of(changes)));
    }
  }

  @Override
  public Optional<String> alias(String link) {
    return Optional.ofNullable(links.get(link)).map(found -> found.alias);
  }

  @Override
  public Optional<String> mac(String link) {
    return Optional.ofNullable(links.get(link)).map(found -> found.mac);
  }

  @Override
  public Optional<String> bridgeOf(String link) {
    looks.incrementAndGet();
    return Optional.ofNullable(links.get(link))
        .map(found -> found.bridge)
        .filter(name -> !name.isEmpty());
  }

  @Override
  public List<String> ports(String bridge) {
    return links.keySet().stream().filter(name -> link(name).bridge.equals(bridge)).toList();
  }

  @Override
  public Optional<String> whoHas(String link, InetAddress address) {
    return Optional.ofNullable(answers.get(address.getHostAddress()));
  }

  @Override
  public boolean isAttached(String tap) {
    Link link = links.get(tap);
    return link != null && link.attached;
  }

  @Override
  public List<Route> routes() {
    return routes;
  }

  @Override
  public void createBridge(String name, String alias, byte[] mac) throws BangerException {
    if (refusesBridges) {
      throw new BangerException(ErrorCode.HOST_UNSUPPORTED, "no bridges today", "");
    }
    Link link = new Link();
    link.alias = alias;
    link.mac = HexFormat.ofDelimiter(":").formatHex(mac);
    links.put(name, link);
    of(name);
  }

  @Override
  public void address(String link, InetAddress address, int prefix) {
    addresses
        .computeIfAbsent(link, _ -> new CopyOnWriteArrayList<>())
        .add(address.getHostAddress() + "/" + prefix);
  }

  @Override
  public void plugTap(String tap, int owner, String bridge) {
    Link link = new Link();
    link.bridge = bridge;
    links.put(tap, link);
    of(tap);
  }

  @Override
  public void plug(String tap, String bridge) {
    link(tap).bridge = bridge;
  }

  @Override
  public void pin(String tap, byte[] mac) {}

  @Override
  public void unpin(String tap, byte[] mac) {}

  @Override
  public List<String> taps(String prefix) {
    return links.keySet().stream().filter(name -> name.startsWith(prefix)).toList();
  }

  @Override
  public void up(String link) {}

  @Override
  public void ownTap(String tap, int owner) {}

  @Override
  public void neighbour(String link, InetAddress address, byte[] mac) {}

  @Override
  public void forgetNeighbour(String link, InetAddress address) {}

  @Override
  public void delete(String link) {
    links.remove(link);
    addresses.remove(link);
    settings.keySet().removeIf(name -> name.contains("/conf/" + link + "/"));
  }

  @Override
  public void deleteAll(Collection<String> all) throws BangerException {
    removals.add(Set.copyOf(all));
    if (refusesGroups) {
      throw new BangerException(ErrorCode.HOST_UNSUPPORTED, "no groups today", "");
    }
    all.forEach(this::delete);
  }

  @Override
  public String filter(String commands) {
    filters.add(commands);
    return "";
  }

  @Override
  public String boot() {
    return boot;
  }

  @Override
  public Optional<String> setting(String name) {
    return Optional.ofNullable(settings.get(name));
  }

  @Override
  public List<String> settings(String pattern) {
    String[] parts = pattern.split("\\*", 2);
    return settings.keySet().stream()
        .filter(name -> name.startsWith(parts[0]) && name.endsWith(parts[1]))
        .toList();
  }

  /** As inet_forward_change and addrconf_forward_change of Linux do it. */
  @Override
  public void set(String name, String value) {
    if (!settings.containsKey(name)) {
      return;
    }
    Map<String, String> carried = new HashMap<>(Map.of(name, value));
    if (name.equals("net/ipv4/ip_forward") || name.equals("net/ipv4/conf/all/forwarding")) {
      carried.put("net/ipv4/ip_forward", value);
      carried.put("net/ipv4/conf/all/accept_redirects", value.equals("1") ? "0" : "1");
      settings("net/ipv4/conf/*/forwarding").forEach(each -> carried.put(each, value));
    } else if (name.equals("net/ipv6/conf/all/forwarding")) {
      settings("net/ipv6/conf/*/forwarding").forEach(each -> carried.put(each, value));
    }
    settings.putAll(carried);
  }

  @Override
  public AutoCloseable watch(Listener told) {
    listener = told;
    return () -> listener = null;
  }

  /** What nft was told last that it shall be, as a whole. */
  String ruleset() {
    return new ArrayList<>(filters)
        .reversed().stream()
            .filter(text -> text.contains("table inet") && text.contains("chain"))
            .findFirst()
            .orElse("");
  }

  Set<String> bridges() {
    return links.keySet().stream()
        .filter(name -> link(name).alias.startsWith("banger "))
        .collect(java.util.stream.Collectors.toSet());
  }
}
