package dev.banger.net;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.privileged.HostNetwork;
import dev.banger.store.LeaseRow;
import dev.banger.store.LeaseTable;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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
  private static final int MOST_BRIDGES = 100;
  private static final String BRIDGE = "bridge";

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
  private final Runnable mover;
  private final Runnable madeAnew;
  private final HostForwarding forwarding;
  private final PlanChoice choice;
  private volatile BridgeName bridge = new BridgeName("");
  private volatile boolean closed;
  private AutoCloseable watch = () -> {};

  /**
   * @param mover told when the network should be opened anew with other addresses; returns at once
   * @param madeAnew told that the bridge is another of the same name; returns at once
   */
  BridgeKeeper(
      HostNetwork host,
      LeaseTable leases,
      NetworkSettings settings,
      String owner,
      Plugs plugs,
      Runnable mover,
      Runnable madeAnew) {
    this.host = host;
    this.leases = leases;
    this.settings = settings;
    this.owner = VmNetworks.alias(owner);
    this.plugs = plugs;
    this.mover = mover;
    this.madeAnew = madeAnew;
    this.forwarding = new HostForwarding(host, leases);
    this.choice = new PlanChoice(host, leases, settings);
  }

  /** Makes what is missing, takes over what is there; also again after a failure or a close. */
  Parts open() throws BangerException, InterruptedException {
    closed = false;
    List<LeaseRow> running = running();
    bridge = name(running);
    leases.addBridge(bridge.text());
    for (BridgeName other : made()) {
      if (!other.equals(bridge)) {
        takeAway(other);
      }
    }
    AddressPlan plan = choice.choose(bridge.text(), !running.isEmpty());
    ensureBridge(plan);
    if (settings.manageForwarding()) {
      forwarding.on();
    }
    List<LeaseRow> plugged = plugged();
    TapPool taps = new TapPool(host, bridge.text(), bridge.tapPrefix(), settings.taps());
    Firewall firewall =
        new Firewall(host, new Ruleset(bridge.text(), bridge.tapPrefix(), bridge.table(), plan));
    Parts parts = new Parts(plan, taps, firewall);
    try {
      fill(parts, plugged);
      watch = host.watch(changes -> changed(parts, changes));
    } catch (BangerException | InterruptedException | RuntimeException e) {
      firewall.close();
      Set<String> _ = taps.close();
      throw e;
    }
    LOG.info("bridge={} network={} gateway6={}", bridge, plan.network4(), plan.gateway6());
    boolean _ = choice.shouldMove(plan, bridge.text()); // says so
    return parts;
  }

  private void fill(Parts parts, List<LeaseRow> plugged)
      throws BangerException, InterruptedException {
    for (LeaseRow row : plugged) {
      Plug plug = plugs.of(row, parts.plan());
      Firewall.Written _ = parts.firewall().plug(plug);
      replug(plug);
    }
    parts.firewall().rewrite().await();
    parts.taps().adopt(plugged.stream().map(LeaseRow::tap).collect(Collectors.toSet()));
    parts.taps().fill();
  }

  /** Those with a card that their VMM holds. */
  private List<LeaseRow> running() throws BangerException {
    List<LeaseRow> running = new ArrayList<>();
    for (LeaseRow row : leases.plugged()) {
      if (host.isAttached(row.tap())) {
        running.add(row);
      }
    }
    return running;
  }

  /** A card of another bridge than this one is no card here. */
  private List<LeaseRow> plugged() throws BangerException {
    List<LeaseRow> ours = new ArrayList<>();
    for (LeaseRow row : leases.plugged()) {
      if (bridge.hasTap(row.tap())) {
        ours.add(row);
      } else {
        LOG.warn("vm={} was on another bridge: a restart gives it a card on this one", row.vm());
        unplugged(row);
      }
    }
    return ours;
  }

  private void unplugged(LeaseRow row) throws BangerException {
    host.delete(row.tap());
    leases.update(row.withTap(""));
  }

  /** Its name, once open. */
  String bridge() {
    return bridge.text();
  }

  /** Whether the kernel has IPv6. */
  boolean hasSix() throws BangerException {
    return host.setting("net/ipv6/conf/" + bridge + "/disable_ipv6").isPresent();
  }

  /** The one that VMs run on, if any; else as the settings say. */
  private BridgeName name(List<LeaseRow> running) throws BangerException {
    for (BridgeName before : made()) {
      if (running.stream().anyMatch(row -> before.hasTap(row.tap()))) {
        if (!settings.bridge().isEmpty() && !settings.bridge().equals(before.text())) {
          LOG.warn(
              "network.bridge is {}, but VMs run on {}: it is taken when the daemon starts while"
                  + " none of them runs",
              settings.bridge(),
              before);
        }
        return before;
      }
    }
    if (!settings.bridge().isEmpty()) {
      requireOurs(settings.bridge());
      return new BridgeName(settings.bridge());
    }
    Optional<String> before = leases.decision(BRIDGE);
    if (before.isPresent() && isFreeOrOurs(before.get())) {
      return new BridgeName(before.get());
    }
    for (int number = 0; number < MOST_BRIDGES; number++) {
      String candidate = BridgeName.USUAL + number;
      if (isFreeOrOurs(candidate)) {
        leases.decide(BRIDGE, candidate);
        return new BridgeName(candidate);
      }
    }
    throw new BangerException(
        ErrorCode.IN_USE,
        "banger0 to banger" + (MOST_BRIDGES - 1) + " belong to others",
        "set network.bridge to a name that is free");
  }

  private boolean isFreeOrOurs(String name) throws BangerException {
    Optional<String> alias = host.alias(name);
    return alias.isEmpty() || alias.get().equals(owner) || isHalfMade(name, alias.get());
  }

  /** A daemon died between making it and naming it: it has the MAC that only ours has. */
  private boolean isHalfMade(String name, String alias) throws BangerException {
    return alias.isEmpty()
        && host.mac(name).equals(Optional.of(HexFormat.ofDelimiter(":").formatHex(mac(name))));
  }

  private void requireOurs(String name) throws BangerException {
    if (!isFreeOrOurs(name)) {
      throw new BangerException(
          ErrorCode.IN_USE,
          "the interface " + name + " belongs to others: '" + host.alias(name).orElse("") + "'",
          "set network.bridge to another name");
    }
  }

  private void ensureBridge(AddressPlan plan) throws BangerException {
    String name = bridge.text();
    Optional<String> alias = host.alias(name);
    if (alias.isPresent() && isHalfMade(name, alias.get())) {
      host.delete(name);
      alias = Optional.empty();
    }
    if (alias.isEmpty()) {
      host.createBridge(name, owner, mac(name));
    }
    host.up(name);
    host.address(name, plan.gateway4(), plan.prefix());
    if (hasSix()) {
      host.address(name, plan.gateway6(), AddressPlan.PREFIX_6);
    }
  }

  /** Locally administered, and the same for the same bridge of the same daemon. */
  private byte[] mac(String name) {
    UUID hash = UUID.nameUUIDFromBytes((owner + name).getBytes(StandardCharsets.UTF_8));
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
    if (!isPlugged(plug.tap())) {
      host.plug(plug.tap(), bridge.text());
    }
    neighbours(plug);
  }

  private boolean isPlugged(String tap) throws BangerException {
    return host.bridgeOf(tap).equals(Optional.of(bridge.text()));
  }

  /** Where others than VMs are on the bridge, one of them may have the address already. */
  void requireUnused(InetAddress address) throws BangerException, InterruptedException {
    if (host.ports(bridge.text()).stream().allMatch(bridge::hasTap)) {
      return;
    }
    host.forgetNeighbour(bridge.text(), address);
    Optional<String> mac = host.whoHas(bridge.text(), address);
    if (mac.isPresent()) {
      throw new BangerException(
          ErrorCode.IN_USE,
          address.getHostAddress()
              + " is used already, by no VM: "
              + mac.get()
              + " answers for it on "
              + bridge,
          "take another address, or find out whose it is: bridge fdb show br " + bridge);
    }
  }

  void neighbours(Plug plug) throws BangerException {
    byte[] mac = HexFormat.ofDelimiter(":").parseHex(plug.mac());
    host.pin(plug.tap(), mac);
    host.neighbour(bridge.text(), plug.address4(), mac);
    if (hasSix()) {
      host.neighbour(bridge.text(), plug.address6(), mac);
    }
  }

  void forgetNeighbours(Plug plug) throws BangerException {
    host.forgetNeighbour(bridge.text(), plug.address4());
    if (hasSix()) {
      host.forgetNeighbour(bridge.text(), plug.address6());
    }
    if (isPlugged(plug.tap())) {
      host.unpin(plug.tap(), HexFormat.ofDelimiter(":").parseHex(plug.mac()));
    }
  }

  /** Somebody changed the host's network. Called by one thread. */
  private void changed(Parts parts, Set<HostNetwork.Change> changes) {
    if (closed) {
      return;
    }
    try {
      if (changes.contains(HostNetwork.Change.LINKS)) {
        mend(parts);
      }
      if (changes.contains(HostNetwork.Change.FILTER)) {
        Firewall.Written _ = parts.firewall().rewrite();
      }
      if (changes.contains(HostNetwork.Change.ROUTES) && shouldMove(parts)) {
        mover.run();
      }
    } catch (BangerException | RuntimeException e) {
      LOG.error("the VMs' network was changed by somebody and cannot be mended", e);
    }
  }

  /** Whether other addresses should be chosen, now that the host has the routes that it has. */
  boolean shouldMove(Parts parts) throws BangerException {
    return choice.shouldMove(parts.plan(), bridge.text());
  }

  /** What is ours is there again afterwards. */
  private void mend(Parts parts) throws BangerException {
    boolean gone = host.alias(bridge.text()).isEmpty();
    ensureBridge(parts.plan());
    if (settings.manageForwarding()) {
      forwarding.on();
    }
    if (gone) {
      LOG.warn("the bridge {} was removed by somebody; it is there again", bridge);
      madeAnew.run();
      host.deleteAll(parts.taps().clear());
    }
    for (LeaseRow row : leases.plugged()) {
      replug(row, plugs.of(row, parts.plan()));
    }
    parts.taps().fill();
  }

  /** VMs come and go meanwhile: what cannot be done for one that has gone is no failure. */
  private void replug(LeaseRow row, Plug plug) throws BangerException {
    try {
      replug(plug);
    } catch (BangerException e) {
      if (isCurrent(row)) {
        LOG.warn("vm=" + plug.vm() + " cannot be put back on the bridge", e);
      }
    }
    if (!isCurrent(row)) {
      forgetNeighbours(plug);
    }
  }

  private boolean isCurrent(LeaseRow row) throws BangerException {
    return leases.of(row.vm()).filter(now -> now.tap().equals(row.tap())).isPresent();
  }

  /** Without a VM nothing stays on the host; with one, all stays for the next daemon. */
  void close(Optional<Parts> parts) throws BangerException, InterruptedException {
    closed = true;
    try {
      watch.close();
    } catch (Exception e) {
      LOG.warn("the watch of the host's network does not end", e);
    }
    watch = () -> {};
    boolean used = !leases.plugged().isEmpty();
    if (parts.isPresent()) {
      parts.get().firewall().close();
      Set<String> waiting = parts.get().taps().close();
      host.deleteAll(used ? Set.of() : waiting);
    }
    if (!used) {
      remove();
    }
  }

  /**
   * Takes away what daemons with a bridge left to one that has none; not yet what a VM still runs
   * on.
   */
  void retire() throws BangerException {
    List<LeaseRow> running = running();
    for (LeaseRow row : leases.plugged()) {
      if (!running.contains(row)) {
        unplugged(row);
      }
    }
    if (running.isEmpty()) {
      remove();
      return;
    }
    LOG.warn(
        "VMs have the user network from their next start on; until then these run on the bridge of"
            + " an earlier daemon, without name server: {}; it goes when they have stopped and the"
            + " daemon stops or starts",
        running.stream().map(row -> row.vm().value()).toList());
  }

  private List<BridgeName> made() throws BangerException {
    return leases.bridges().stream().map(BridgeName::new).toList();
  }

  private void remove() throws BangerException {
    try {
      for (BridgeName each : made()) {
        takeAway(each);
      }
    } finally {
      forwarding.restore();
    }
  }

  /** Also a bridge that somebody has removed already has its filter. */
  private void takeAway(BridgeName old) throws BangerException {
    if (isFreeOrOurs(old.text())) {
      host.deleteAll(host.taps(old.tapPrefix()));
      host.delete(old.text());
      String _ = host.filter(Ruleset.removed(old.table()));
    }
    leases.forgetBridge(old.text());
  }
}
