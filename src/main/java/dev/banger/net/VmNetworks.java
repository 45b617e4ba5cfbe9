package dev.banger.net;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.net.dns.DnsServer;
import dev.banger.net.dns.Names;
import dev.banger.net.dns.Upstream;
import dev.banger.privileged.HostNetwork;
import dev.banger.store.LeaseRow;
import dev.banger.store.LeaseTable;
import dev.banger.store.VmTable;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bridge mode: every VM has a card on one bridge, addresses that it keeps, and a place in the
 * packet filter. Set up behind the daemon's start; whoever needs it waits for that.
 */
public final class VmNetworks {
  private static final Logger LOG = LoggerFactory.getLogger(VmNetworks.class);
  private static final Duration OPEN_LIMIT = Duration.ofSeconds(30);

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

  private static final int DNS_PORT = 53;
  private static final int MOST_NETWORKS = 0xffff;

  private final LeaseTable leases;
  private final VmTable vms;
  private final Upstream upstream;
  private final BridgeKeeper keeper;
  private final CompletableFuture<BridgeKeeper.Parts> opened = new CompletableFuture<>();
  private volatile @Nullable DnsServer dns;

  /**
   * @param owner says on the bridge whose it is: the daemon's data directory
   */
  public VmNetworks(
      HostNetwork host,
      LeaseTable leases,
      VmTable vms,
      NetworkSettings settings,
      String owner,
      Upstream upstream) {
    this.leases = leases;
    this.vms = vms;
    this.upstream = upstream;
    this.keeper = new BridgeKeeper(host, leases, settings, owner, this::plugOf);
  }

  /** Sets up bridge, filter and taps, on a thread of its own. */
  public void openInBackground() {
    Thread _ =
        Thread.ofVirtual()
            .name("network")
            .start(() -> {
              try {
                opened.complete(open());
              } catch (BangerException | InterruptedException | RuntimeException e) {
                LOG.error("the VMs' network cannot be set up", e);
                opened.completeExceptionally(e);
              }
            });
  }

  /** A name server that cannot be is no reason to have no network. */
  private BridgeKeeper.Parts open() throws BangerException, InterruptedException {
    BridgeKeeper.Parts parts = keeper.open();
    AddressPlan plan = parts.plan();
    DnsServer server = new DnsServer(new VmNames(vms, leases, plan), upstream);
    try {
      int _ = server.listen(plan.gateway4(), DNS_PORT);
      dns = server;
      if (keeper.hasSix()) {
        int _ = server.listen(plan.gateway6(), DNS_PORT);
      }
    } catch (BangerException e) {
      LOG.error("VMs have no name server: " + e.getMessage() + " (" + e.hint() + ")", e);
    }
    return parts;
  }

  private BridgeKeeper.Parts parts() throws BangerException, InterruptedException {
    try {
      return opened.get(OPEN_LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof BangerException known
          ? known
          : new BangerException(
              ErrorCode.INTERNAL, "the VMs' network cannot be set up", "", e.getCause());
    } catch (TimeoutException e) {
      throw new BangerException(
          ErrorCode.TIMEOUT,
          "the VMs' network was not set up within " + OPEN_LIMIT.toSeconds() + " s",
          "`banger daemon logs` says what it waits for",
          e);
    }
  }

  /** Why no VM can have a card now; empty: it can. */
  public Optional<String> obstacle() throws InterruptedException {
    try {
      BridgeKeeper.Parts _ = parts();
      return Optional.empty();
    } catch (BangerException e) {
      return Optional.of(e.getMessage() + (e.hint().isEmpty() ? "" : " (" + e.hint() + ")"));
    }
  }

  /** The names of VMs on the bridge, once there is one. */
  public Optional<Names> names() {
    return opened.isDone() && !opened.isCompletedExceptionally()
        ? Optional.of(new VmNames(vms, leases, opened.join().plan()))
        : Optional.empty();
  }

  /** Gives a new VM its addresses; refused when the one that it wants is not to be had. */
  public void reserve(VmId vm, NetworkWish wish) throws BangerException, InterruptedException {
    LeaseRow _ = take(vm, wish);
  }

  private LeaseRow take(VmId vm, NetworkWish wish) throws BangerException, InterruptedException {
    AddressPlan plan = parts().plan();
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
    return new LeaseRow(vm, 0, "", true, "", Egress.INTERNET.toString());
  }

  private BangerException taken(NetworkWish wish, int slot) throws BangerException {
    String owner = leases.ofSlot(slot).map(row -> row.vm().value()).orElse("another VM");
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
    BridgeKeeper.Parts parts = parts();
    LeaseRow row = leaseOf(vm);
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
    BridgeKeeper.Parts parts = parts();
    String tap = row.get().tap();
    // Not before the filter forgets it: who gets the tap next must not speak as this VM.
    parts.firewall().unplug(tap).await();
    keeper.forgetNeighbours(plugOf(row.get(), parts.plan()));
    leases.update(row.get().withTap(""));
    parts.taps().give(tap);
  }

  /** Changes what a VM may do, at once; its address stays. */
  public void change(VmId vm, NetworkWish wish) throws BangerException, InterruptedException {
    BridgeKeeper.Parts parts = parts();
    LeaseRow now = wish.apply(leaseOf(vm));
    leases.update(now);
    if (!now.tap().isEmpty()) {
      parts.firewall().plug(plugOf(now, parts.plan())).await();
    }
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
    return parts().plan().addresses(lease.slot());
  }

  private Plug plugOf(LeaseRow row, AddressPlan plan) throws BangerException {
    byte[] mac = mac(row.vm());
    return new Plug(
        row.vm(),
        row.tap(),
        HexFormat.ofDelimiter(":").formatHex(mac),
        plan.address4(row.slot()),
        plan.address6(row.slot()),
        linkLocal(mac),
        row.nat(),
        row.network().isEmpty() ? 0 : number(row.network()),
        Egress.parse(row.egress()));
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

  /** Takes all off the host unless a VM has a card. */
  public void close() throws BangerException, InterruptedException {
    Optional<BridgeKeeper.Parts> parts = Optional.empty();
    try {
      parts = Optional.of(parts());
    } catch (BangerException e) {
      LOG.debug("what was half set up is removed", e);
    }
    DnsServer server = dns;
    if (server != null) {
      server.close();
    }
    keeper.close(parts);
  }
}
