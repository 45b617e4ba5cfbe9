package dev.banger.net;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.privileged.HostNetwork;
import dev.banger.store.LeaseRow;
import dev.banger.store.LeaseTable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the bridge, its addresses and its filter, mends them when somebody takes them away, and
 * removes them when the last VM has gone.
 */
final class BridgeKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(BridgeKeeper.class);
  private static final String USUAL = "banger";
  private static final int MOST_BRIDGES = 100;
  private static final String BRIDGE = "bridge";
  private static final String ADDRESSES = "addresses";
  private static final long UNIQUE_LOCAL = 0xfdL << 56;
  private static final int SUBNET_BITS = 16;

  /** What is open. */
  record Parts(AddressPlan plan, TapPool taps, Firewall firewall) {}

  /** A lease with all that follows from it. */
  @FunctionalInterface
  interface Plugs {
    Plug of(LeaseRow row, AddressPlan plan) throws BangerException;
  }

  private final HostNetwork host;
  private final LeaseTable leases;
  private final NetworkSettings settings;
  private final String owner;
  private final Plugs plugs;
  private final HostForwarding forwarding;
  private volatile String bridge = "";
  private volatile boolean closed;
  private AutoCloseable watch = () -> {};

  BridgeKeeper(
      HostNetwork host, LeaseTable leases, NetworkSettings settings, String owner, Plugs plugs) {
    this.host = host;
    this.leases = leases;
    this.settings = settings;
    this.owner = "banger " + owner;
    this.plugs = plugs;
    this.forwarding = new HostForwarding(host, leases);
  }

  /** Makes what is missing, takes over what is there. */
  Parts open() throws BangerException, InterruptedException {
    bridge = name();
    AddressPlan plan = plan();
    ensureBridge(plan);
    if (settings.manageForwarding()) {
      forwarding.on();
    }
    List<LeaseRow> plugged = plugged();
    TapPool taps = new TapPool(host, bridge, tapPrefix(), settings.taps());
    Firewall firewall = new Firewall(host, new Ruleset(bridge, tapPrefix(), table(), plan));
    for (LeaseRow row : plugged) {
      Plug plug = plugs.of(row, plan);
      Firewall.Written _ = firewall.plug(plug);
      replug(plug);
    }
    firewall.rewrite().await();
    taps.adopt(plugged.stream().map(LeaseRow::tap).collect(Collectors.toSet()));
    taps.fill();
    Parts parts = new Parts(plan, taps, firewall);
    watch = host.watch(filter -> mend(parts, filter));
    LOG.info("bridge={} network={} gateway6={}", bridge, plan.network4(), plan.gateway6());
    return parts;
  }

  /** A card of another bridge than this one is no card here. */
  private List<LeaseRow> plugged() throws BangerException {
    List<LeaseRow> ours = new ArrayList<>();
    for (LeaseRow row : leases.plugged()) {
      if (row.tap().matches(tapPrefix() + "[0-9]+")) {
        ours.add(row);
      } else {
        LOG.warn("vm={} was on another bridge: a restart gives it a card on this one", row.vm());
        host.delete(row.tap());
        leases.update(row.withTap(""));
      }
    }
    return ours;
  }

  /** Whether the kernel has IPv6. */
  boolean hasSix() throws BangerException {
    return host.setting("net/ipv6/conf/" + bridge + "/disable_ipv6").isPresent();
  }

  private String name() throws BangerException {
    if (!settings.bridge().isEmpty()) {
      requireOurs(settings.bridge());
      return settings.bridge();
    }
    Optional<String> before = leases.decision(BRIDGE);
    if (before.isPresent() && isFreeOrOurs(before.get())) {
      return before.get();
    }
    for (int number = 0; number < MOST_BRIDGES; number++) {
      String candidate = USUAL + number;
      if (isFreeOrOurs(candidate)) {
        leases.decide(BRIDGE, candidate);
        return candidate;
      }
    }
    throw new BangerException(
        ErrorCode.IN_USE,
        "banger0 to banger" + (MOST_BRIDGES - 1) + " belong to others",
        "set network.bridge to a name that is free");
  }

  private boolean isFreeOrOurs(String name) throws BangerException {
    return host.alias(name).map(owner::equals).orElse(true);
  }

  private void requireOurs(String name) throws BangerException {
    if (!isFreeOrOurs(name)) {
      throw new BangerException(
          ErrorCode.IN_USE,
          "the interface " + name + " belongs to others: '" + host.alias(name).orElse("") + "'",
          "set network.bridge to another name");
    }
  }

  /** Its addresses stay what they were, unless the settings or a route of the host forbid it. */
  private AddressPlan plan() throws BangerException {
    Optional<AddressPlan> before = leases.decision(ADDRESSES).map(AddressPlan::parse);
    long unique = before.map(AddressPlan::unique).orElseGet(BridgeKeeper::uniqueLocal);
    AddressPlan plan;
    if (!settings.subnet().isEmpty()) {
      plan = AddressPlan.ofUser(settings.subnet(), unique);
    } else if (before.isPresent()) {
      plan = before.get();
    } else {
      plan =
          AddressPlan.free(host.routes(), unique)
              .orElseThrow(() ->
                  new BangerException(
                      ErrorCode.HOST_UNSUPPORTED,
                      "the host has a route to every network that banger would take",
                      "set network.subnet to one that is free here"));
    }
    leases.decide(ADDRESSES, plan.toString());
    return plan;
  }

  private static long uniqueLocal() {
    return UNIQUE_LOCAL | (new SecureRandom().nextLong() >>> 8 & -1L << SUBNET_BITS);
  }

  /** Of both families; banger0's is called as users expect it. */
  private String table() {
    return bridge.equals(USUAL + 0) ? USUAL : bridge;
  }

  /** So short that a number fits behind it: an interface's name has at most 15 bytes. */
  private String tapPrefix() {
    String number = bridge.startsWith(USUAL) ? bridge.substring(USUAL.length()) : "";
    return number.matches("[0-9]{1,2}")
        ? "bgt" + number + "-"
        : "bg" + Integer.toHexString(bridge.hashCode() & 0xffff) + "-";
  }

  private void ensureBridge(AddressPlan plan) throws BangerException {
    if (host.alias(bridge).isEmpty()) {
      host.createBridge(bridge, owner, mac(owner + bridge));
    }
    host.up(bridge);
    host.address(bridge, plan.gateway4(), plan.prefix());
    if (hasSix()) {
      host.address(bridge, plan.gateway6(), AddressPlan.PREFIX_6);
    }
  }

  /** Locally administered, and the same for the same text. */
  private static byte[] mac(String text) {
    UUID hash = UUID.nameUUIDFromBytes(text.getBytes(StandardCharsets.UTF_8));
    byte[] mac = new byte[6];
    ByteBuffer.allocate(8).putLong(hash.getMostSignificantBits()).get(0, mac);
    mac[0] = 0x06;
    return mac;
  }

  /** A card that somebody pulled out is put back; one that is gone cannot be. */
  private void replug(Plug plug) throws BangerException {
    if (host.alias(plug.tap()).isEmpty()) {
      LOG.warn(
          "vm={} has lost its network: {} was removed; a restart of the VM gives it another",
          plug.vm(),
          plug.tap());
      return;
    }
    if (!host.ports(bridge).contains(plug.tap())) {
      host.plug(plug.tap(), bridge);
    }
    neighbours(plug);
  }

  void neighbours(Plug plug) throws BangerException {
    byte[] mac = HexFormat.ofDelimiter(":").parseHex(plug.mac());
    host.pin(plug.tap(), mac);
    host.neighbour(bridge, plug.address4(), mac);
    if (hasSix()) {
      host.neighbour(bridge, plug.address6(), mac);
    }
  }

  void forgetNeighbours(Plug plug) throws BangerException {
    host.forgetNeighbour(bridge, plug.address4());
    if (hasSix()) {
      host.forgetNeighbour(bridge, plug.address6());
    }
    if (host.ports(bridge).contains(plug.tap())) {
      host.unpin(plug.tap(), HexFormat.ofDelimiter(":").parseHex(plug.mac()));
    }
  }

  /**
   * Somebody changed interfaces, addresses or filters: what is ours is there again afterwards.
   * Called by one thread.
   */
  private void mend(Parts parts, boolean filter) {
    if (closed) {
      return;
    }
    try {
      boolean gone = host.alias(bridge).isEmpty();
      ensureBridge(parts.plan());
      if (settings.manageForwarding()) {
        forwarding.on();
      }
      if (gone) {
        LOG.warn("the bridge {} was removed by somebody; it is there again", bridge);
        for (String tap : parts.taps().clear()) {
          host.delete(tap);
        }
      }
      for (LeaseRow row : leases.plugged()) {
        replug(plugs.of(row, parts.plan()));
      }
      parts.taps().fill();
      if (filter) {
        Firewall.Written _ = parts.firewall().rewrite();
      }
    } catch (BangerException | RuntimeException e) {
      LOG.error("the VMs' network was changed by somebody and cannot be mended", e);
    }
  }

  /** Without a VM nothing stays on the host; with one, all stays for the next daemon. */
  void close(Optional<Parts> parts) throws BangerException, InterruptedException {
    closed = true;
    try {
      watch.close();
    } catch (Exception e) {
      LOG.warn("the watch of the host's network does not end", e);
    }
    boolean used = !leases.plugged().isEmpty();
    if (parts.isPresent()) {
      parts.get().firewall().close();
      Set<String> waiting = parts.get().taps().close();
      for (String tap : used ? Set.<String>of() : waiting) {
        host.delete(tap);
      }
    }
    if (!used) {
      remove();
    }
  }

  private void remove() throws BangerException {
    if (!bridge.isEmpty() && host.alias(bridge).equals(Optional.of(owner))) {
      for (String tap : host.taps(tapPrefix())) {
        host.delete(tap);
      }
      host.delete(bridge);
      String _ = host.filter(Ruleset.removed(table()));
    }
    forwarding.restore();
  }
}
