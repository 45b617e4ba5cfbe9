package dev.banger.net;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.net.dns.DnsServer;
import dev.banger.net.dns.Gate;
import dev.banger.net.dns.HostRoute;
import dev.banger.net.dns.Names;
import dev.banger.net.dns.Upstream;
import dev.banger.net.egress.Egress;
import dev.banger.privileged.HostNetwork;
import dev.banger.store.AnswerTable;
import dev.banger.store.LeaseRow;
import dev.banger.store.LeaseTable;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bridge mode: every VM has a card on one bridge, addresses that it keeps, and a place in the
 * packet filter. Set up behind the daemon's start; whoever needs it waits for that.
 */
public final class VmNetworks {
  private static final Logger LOG = LoggerFactory.getLogger(VmNetworks.class);

  /**
   * A VM's card.
   *
   * @param addresses with their bits, IPv4 first
   * @param gateways of the default routes, IPv4 first
   * @param written when the packet filter knows it
   */
  public record Card(
      String tap, String mac, List<String> addresses, List<String> gateways, Sure written) {}

  /** Waits until something has happened. */
  @FunctionalInterface
  public interface Sure {
    void await() throws BangerException, InterruptedException;
  }

  public static final int DNS_PORT = 53;
  private static final int MOST_NETWORKS = 0xffff;

  private final LeaseTable leases;
  private final AnswerTable answers;
  private final VmTable vms;
  private final Upstream upstream;
  private final HostRoute route;
  private final BridgeKeeper keeper;
  private final Opening opening = new Opening(this::open);

  /** Held while a VM gets its address, and while all addresses become others. */
  private final Semaphore placing = new Semaphore(1);

  private final Clock clock;
  private final AskedNames asked = new AskedNames();
  private volatile @Nullable DnsServer dns;
  private volatile boolean closed;

  /** The host's own resolver is told nothing. */
  public VmNetworks(
      HostNetwork host,
      LeaseTable leases,
      AnswerTable answers,
      VmTable vms,
      NetworkSettings settings,
      String owner,
      Upstream upstream,
      Clock clock) {
    this(host, leases, answers, vms, settings, owner, upstream, clock, HostRoute.nowhere());
  }

  /**
   * @param owner says on the bridge whose it is: the daemon's data directory
   * @param route tells the host's own resolver who knows VMs; closed with this
   */
  public VmNetworks(
      HostNetwork host,
      LeaseTable leases,
      AnswerTable answers,
      VmTable vms,
      NetworkSettings settings,
      String owner,
      Upstream upstream,
      Clock clock,
      HostRoute route) {
    this.leases = leases;
    this.answers = answers;
    this.clock = clock;
    this.vms = vms;
    this.upstream = upstream;
    this.route = route;
    this.keeper =
        new BridgeKeeper(
            host, leases, settings, owner, this::plugOf, this::moveInBackground, route::again);
  }

  /** What a bridge says of whose it is. */
  public static String alias(String owner) {
    return "banger " + owner;
  }

  /** Sets up bridge, filter and taps, on a thread of its own. */
  public void openInBackground() {
    opening.begin();
  }

  /** In place of an opening: takes away what daemons with a bridge left, unless VMs run on it. */
  public void retire() throws BangerException {
    keeper.retire();
  }

  /** A name server that cannot be is no reason to have no network. */
  private BridgeKeeper.Parts open() throws BangerException, InterruptedException {
    BridgeKeeper.Parts parts = keeper.open();
    AddressPlan plan = parts.plan();
    Gate gate = new GuardedNames(plan, leases, answers, parts.firewall(), asked, clock);
    DnsServer server = new DnsServer(new VmNames(vms, leases, plan), upstream, gate);
    try {
      int _ = server.listen(plan.gateway4(), DNS_PORT);
      dns = server;
      if (keeper.hasSix()) {
        int _ = server.listen(plan.gateway6(), DNS_PORT);
      }
      route.to(
          keeper.bridge(),
          keeper.hasSix() ? List.of(plan.gateway4(), plan.gateway6()) : List.of(plan.gateway4()));
    } catch (BangerException e) {
      LOG.error("VMs have no name server: " + e.getMessage() + " (" + e.hint() + ")", e);
    }
    return parts;
  }

  /** Why no VM can have a card now; empty: it can. */
  public Optional<String> obstacle() throws InterruptedException {
    try {
      BridgeKeeper.Parts _ = opening.awaitOrRetry();
      return Optional.empty();
    } catch (BangerException e) {
      return Optional.of(e.getMessage() + (e.hint().isEmpty() ? "" : " (" + e.hint() + ")"));
    }
  }

  /** The names of VMs on the bridge, once there is one. */
  public Optional<Names> names() {
    return opening.now().map(parts -> new VmNames(vms, leases, parts.plan()));
  }

  /** Gives a new VM its addresses; refused when the one that it wants is not to be had. */
  public void reserve(VmId vm, NetworkWish wish) throws BangerException, InterruptedException {
    LeaseRow _ = take(vm, wish);
  }

  private LeaseRow take(VmId vm, NetworkWish wish) throws BangerException, InterruptedException {
    placing.acquire();
    try {
      return take(vm, wish, opening.awaitOrRetry().plan());
    } finally {
      placing.release();
    }
  }

  private LeaseRow take(VmId vm, NetworkWish wish, AddressPlan plan)
      throws BangerException, InterruptedException {
    OptionalInt wanted = OptionalInt.empty();
    if (wish.address().isPresent()) {
      Inet4Address address = wish.address().get();
      wanted = plan.slot(address);
      if (wanted.isEmpty()) {
        throw new BangerException(
            ErrorCode.INVALID,
            address.getHostAddress() + " is no address for a VM of " + plan.network4(),
            "leave --ip out, or take one of that network");
      }
      if (leases.ofSlot(wanted.getAsInt()).isEmpty()) {
        keeper.requireUnused(address);
      }
    }
    Optional<LeaseRow> taken =
        leases.take(wish.apply(usual(vm)), wanted, AddressPlan.FIRST_SLOT, plan.capacity());
    if (taken.isEmpty()) {
      throw wanted.isPresent() ? taken(wish, wanted.getAsInt()) : full(plan);
    }
    return taken.get();
  }

  /** What it has; a VM that has nothing yet gets what every VM has. */
  private LeaseRow leaseOf(VmId vm) throws BangerException, InterruptedException {
    Optional<LeaseRow> known = leases.of(vm);
    return known.isPresent() ? known.get() : take(vm, NetworkWish.NONE);
  }

  /** What a VM has for which nobody wanted anything; without an address. */
  public static LeaseRow usual(VmId vm) {
    return new LeaseRow(
        vm, 0, "", true, "", Egress.USUAL.toString(), Egress.USUAL.mode().toString());
  }

  private BangerException taken(NetworkWish wish, int slot) throws BangerException {
    Optional<LeaseRow> row = leases.ofSlot(slot);
    Optional<VmRow> vm = row.isEmpty() ? Optional.empty() : vms.byId(row.get().vm());
    String owner = vm.map(found -> found.name().value()).orElse("another VM");
    return new BangerException(
        ErrorCode.IN_USE,
        wish.address().orElseThrow().getHostAddress() + " belongs to VM " + owner,
        "`banger vm show " + owner + "` shows it; take another address");
  }

  private static BangerException full(AddressPlan plan) {
    return new BangerException(
        ErrorCode.NO_SPACE,
        "all " + plan.capacity() + " addresses of " + plan.network4() + " are given away",
        "delete VMs, or set network.subnet to a larger network");
  }

  /** Makes a VM's card; undone by {@link #unplug}. */
  public Card plug(VmId vm, int owner) throws BangerException, InterruptedException {
    LeaseRow row = leaseOf(vm);
    BridgeKeeper.Parts parts = opening.awaitOrRetry();
    if (!row.tap().isEmpty()) {
      unplug(vm);
    }
    String tap = parts.taps().take(owner);
    LeaseRow plugged = row.withTap(tap);
    leases.update(plugged);
    Plug plug = plugOf(plugged, parts.plan());
    keeper.neighbours(plug);
    Firewall.Written written = parts.firewall().plug(plug);
    AddressPlan plan = parts.plan();
    return new Card(
        tap,
        plug.mac(),
        List.of(
            plug.address4().getHostAddress() + "/" + plan.prefix(),
            plug.address6().getHostAddress() + "/" + AddressPlan.PREFIX_6),
        List.of(plan.gateway4().getHostAddress(), plan.gateway6().getHostAddress()),
        written::await);
  }

  /** Takes a VM's card away, if it has one; its addresses stay its own. */
  public void unplug(VmId vm) throws BangerException, InterruptedException {
    Optional<LeaseRow> row = leases.of(vm).filter(lease -> !lease.tap().isEmpty());
    if (row.isEmpty()) {
      return;
    }
    BridgeKeeper.Parts parts = opening.awaitOrRetry();
    String tap = row.get().tap();
    // Not before the filter forgets it: who gets the tap next must not speak as this VM.
    parts.firewall().unplug(tap).await();
    keeper.forgetNeighbours(plugOf(row.get(), parts.plan()));
    leases.update(row.get().withTap(""));
    parts.taps().give(tap);
  }

  /** Changes what a VM may do, at once; its address stays. */
  public void change(VmId vm, NetworkWish wish) throws BangerException, InterruptedException {
    LeaseRow now = wish.apply(leaseOf(vm));
    BridgeKeeper.Parts parts = opening.awaitOrRetry();
    leases.update(now);
    if (!now.tap().isEmpty()) {
      parts.firewall().plug(plugOf(now, parts.plan())).await();
    }
  }

  /** Refuses what {@link #change} would refuse. */
  public void check(VmId vm, NetworkWish wish) throws BangerException {
    LeaseRow _ = wish.apply(leases.of(vm).orElseGet(() -> usual(vm)));
  }

  /** Where a VM may go, and where it wanted to go since this moment. */
  public EgressReport egress(VmId vm, Instant since) throws BangerException, InterruptedException {
    BridgeKeeper.Parts parts = opening.await();
    LeaseRow row = leases.of(vm).orElseGet(() -> usual(vm));
    List<Destination> seen =
        row.slot() == 0
            ? List.of()
            : parts.firewall().seen(parts.plan().addresses(row.slot()), clock.instant());
    return new EgressReport(
        EgressWish.of(row),
        seen.stream().filter(one -> one.last().isAfter(since)).toList(),
        answers.of(vm),
        asked.of(vm));
  }

  /** What a test tried in a VM since this moment is no wish of the VM's. */
  public void forgetTried(VmId vm, Set<InetSocketAddress> targets, Instant since)
      throws BangerException, InterruptedException {
    BridgeKeeper.Parts parts = opening.await();
    Optional<LeaseRow> row = leases.of(vm).filter(one -> one.slot() != 0);
    if (row.isPresent()) {
      List<InetAddress> senders = parts.plan().addresses(row.get().slot());
      parts.firewall().forget(senders, targets, since, clock.instant());
    }
  }

  /**
   * Whether the packet filter lets a VM connect there by TCP.
   *
   * @param names that it knows the address by
   */
  public boolean mayConnect(VmId vm, Collection<String> names, InetAddress to, int port)
      throws BangerException, InterruptedException {
    LeaseRow row = leases.of(vm).orElseGet(() -> usual(vm));
    return new Permission(opening.await().plan(), leases)
        .of(row, EgressWish.of(row), names, to, port);
  }

  /** The bridge's addresses, IPv4 first: where VMs ask for names. */
  public List<InetAddress> gateways() throws BangerException, InterruptedException {
    AddressPlan plan = opening.await().plan();
    return List.of(plan.gateway4(), plan.gateway6());
  }

  /** Those that belong to a named network. */
  public List<LeaseRow> members() throws BangerException {
    return leases.members();
  }

  /** Those that have a card now. */
  public List<LeaseRow> plugged() throws BangerException {
    return leases.plugged();
  }

  /** What a VM has; empty: nothing yet. */
  public Optional<LeaseRow> lease(VmId vm) throws BangerException {
    return leases.of(vm);
  }

  /** Where packets reach it; empty: it has no card now. */
  public Optional<InetAddress> reached(VmId vm) throws BangerException, InterruptedException {
    Optional<LeaseRow> row = leases.of(vm).filter(lease -> !lease.tap().isEmpty());
    return row.isEmpty() ? Optional.empty() : Optional.of(addresses(row.get()).getFirst());
  }

  /** The IPv4 and the IPv6 address that a lease stands for. */
  public List<InetAddress> addresses(LeaseRow lease) throws BangerException, InterruptedException {
    return opening.await().plan().addresses(lease.slot());
  }

  private Plug plugOf(LeaseRow row, AddressPlan plan) throws BangerException {
    byte[] mac = mac(row.vm());
    Egress egress = EgressWish.of(row);
    return new Plug(
        row.vm(),
        row.tap(),
        HexFormat.ofDelimiter(":").formatHex(mac),
        plan.address4(row.slot()),
        plan.address6(row.slot()),
        linkLocal(mac),
        row.nat(),
        row.network().isEmpty() ? 0 : number(row.network()),
        egress,
        egress.hasDomains() ? GuardedNames.pins(egress, answers.of(row.vm())) : Map.of());
  }

  private int number(String network) throws BangerException {
    int number = leases.number(network);
    if (number > MOST_NETWORKS) {
      throw new BangerException(
          ErrorCode.NO_SPACE,
          "there have been " + MOST_NETWORKS + " named networks, and no number is used twice",
          "use a name that was used before");
    }
    return number;
  }

  /** Locally administered, from the VM's id: 06 and 40 bits of it. */
  public static byte[] mac(VmId id) {
    byte[] bytes = HexFormat.of().parseHex(id.value());
    bytes[0] = 0x06;
    return bytes;
  }

  /** As Linux makes it of a MAC (RFC 4291, appendix A). */
  private static InetAddress linkLocal(byte... mac) {
    byte[] bytes = {
      (byte) 0xfe,
      (byte) 0x80,
      0,
      0,
      0,
      0,
      0,
      0, //
      (byte) (mac[0] ^ 2),
      mac[1],
      mac[2],
      (byte) 0xff,
      (byte) 0xfe,
      mac[3],
      mac[4],
      mac[5]
    };
    try {
      return Inet6Address.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of 16 bytes", e);
    }
  }

  private void moveInBackground() {
    Thread _ = Thread.ofVirtual().name("network-move").start(this::move);
  }

  /** Opens all anew, with other addresses, unless a VM has got one meanwhile. */
  private void move() {
    try {
      placing.acquire();
      try {
        BridgeKeeper.Parts parts = opening.await();
        if (!closed && keeper.shouldMove(parts)) {
          close(Optional.of(parts));
          opening.begin();
          BridgeKeeper.Parts _ = opening.await();
        }
      } finally {
        placing.release();
      }
    } catch (BangerException e) {
      LOG.warn("the VMs' network cannot move out of the way of the host's routes", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Takes all off the host unless a VM has a card. */
  public void close() throws BangerException, InterruptedException {
    placing.acquire();
    try {
      closed = true;
      Optional<BridgeKeeper.Parts> parts = opened();
      route.close();
      close(parts);
    } finally {
      placing.release();
    }
  }

  private Optional<BridgeKeeper.Parts> opened() throws InterruptedException {
    try {
      return Optional.of(opening.await());
    } catch (BangerException e) {
      LOG.debug("what was half set up is removed", e);
      return Optional.empty();
    }
  }

  private void close(Optional<BridgeKeeper.Parts> parts)
      throws BangerException, InterruptedException {
    DnsServer server = dns;
    if (server != null) {
      server.close();
      dns = null;
    }
    keeper.close(parts);
  }
}
