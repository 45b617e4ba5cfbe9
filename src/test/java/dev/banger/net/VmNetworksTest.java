package dev.banger.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.net.dns.Upstream;
import dev.banger.privileged.HostNetwork;
import dev.banger.privileged.Route;
import dev.banger.store.AnswerTable;
import dev.banger.store.Database;
import dev.banger.store.LeaseTable;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bridge mode on a host that is not there. */
class VmNetworksTest {
  private static final VmId WEB = new VmId("0123456789ab");
  private static final VmId OTHER = new VmId("0123456789ac");

  /** A network that no host has, so that nothing listens on its name server's address. */
  private static final String SUBNET = "198.51.96.0/20";

  @TempDir Path dir;
  private Database database;
  private LeaseTable leases;
  private VmTable vms;
  private final FakeNetwork host = new FakeNetwork("eth0");

  @BeforeEach
  void open() throws BangerException {
    database = Database.open(dir.resolve("banger.db"));
    leases = new LeaseTable(database);
    vms = new VmTable(database);
    assertThat(vms.insert(row(WEB, "web", 1))).isTrue();
    assertThat(vms.insert(row(OTHER, "other", 2))).isTrue();
  }

  @AfterEach
  void close() {
    database.close();
  }

  private static VmRow row(VmId id, String name, long uid) {
    return new VmRow(
        id,
        new VmName(name),
        VmRow.Life.begun(Instant.ofEpochMilli(1_000)),
        new VmRow.Source("debian:bookworm", "", ""),
        new VmRow.Shape(1, ByteSize.mib(512), ByteSize.gib(10)),
        VmRow.Policy.NONE,
        VmRow.Restarts.NONE,
        "auto",
        false,
        List.of(),
        "root",
        uid,
        Map.of());
  }

  private static NetworkSettings settings(String bridge, String subnet) {
    return new NetworkSettings(
        NetworkSettings.Mode.BRIDGE,
        bridge,
        subnet,
        2,
        true,
        Optional.empty(),
        NetworkSettings.User.AUTO);
  }

  private VmNetworks daemon(NetworkSettings settings) {
    return new VmNetworks(
        host,
        leases,
        new AnswerTable(database),
        vms,
        settings,
        "/data",
        new Upstream(dir.resolve("resolv.conf"), Clock.systemUTC()),
        Clock.systemUTC());
  }

  private VmNetworks opened(String bridge, String subnet) throws InterruptedException {
    VmNetworks networks = daemon(settings(bridge, subnet));
    networks.openInBackground();
    assertThat(networks.obstacle()).isEmpty();
    await() // the cards made ahead
        .atMost(Duration.ofSeconds(20))
        .until(() -> host.links.keySet().stream().filter(n -> n.startsWith("bg")).count() >= 2);
    return networks;
  }

  /** The VMM of a VM holds its card. */
  private String run(VmNetworks networks, VmId vm) throws Exception {
    VmNetworks.Card card = networks.plug(vm, 0);
    host.link(card.tap()).attached = true;
    return card.addresses().getFirst();
  }

  private static String address(VmNetworks networks, VmId vm) throws Exception {
    return networks.addresses(networks.lease(vm).orElseThrow()).getFirst().getHostAddress();
  }

  private static Route route(String network, int prefix, String device) throws Exception {
    return new Route(InetAddress.getByName(network), prefix, device);
  }

  @Test
  void withoutMachinesNothingIsLeft() throws Exception {
    Map<String, String> before = host.state();
    VmNetworks networks = opened("", SUBNET);
    assertThat(host.bridges()).containsExactly("banger0");
    networks.close();
    assertThat(host.state()).isEqualTo(before);
    assertThat(leases.bridges()).isEmpty();
    assertThat(host.filters.getLast()).contains("delete table inet banger");
  }

  @Test
  void aFailureOfBeforeIsNoReasonToFailAgain() throws Exception {
    host.refusesBridges = true;
    VmNetworks networks = daemon(settings("", SUBNET));
    networks.openInBackground();
    assertThat(networks.obstacle()).hasValueSatisfying(why -> assertThat(why).contains("today"));
    assertThatThrownBy(() -> networks.plug(WEB, 0)).hasMessageContaining("no bridges today");
    host.refusesBridges = false;
    assertThat(networks.plug(WEB, 0).addresses().getFirst()).startsWith("198.51.96.");
    networks.unplug(WEB);
    networks.close();
  }

  @Test
  void aBridgeThatWasMadeAndNotNamedIsTakenUpAndRemoved() throws Exception {
    Map<String, String> before = host.state();
    opened("", SUBNET); // and killed
    host.link("banger0").alias = "";
    VmNetworks next = opened("", SUBNET);
    assertThat(host.bridges()).containsExactly("banger0");
    next.close();
    assertThat(host.state()).isEqualTo(before);
  }

  @Test
  void aBridgeOfSomebodyElseWithoutAliasIsNotTouched() throws Exception {
    host.links.put("banger0", new FakeNetwork.Link());
    VmNetworks networks = opened("", SUBNET);
    assertThat(host.bridges()).containsExactly("banger1");
    networks.close();
    assertThat(host.links).containsKey("banger0");
  }

  @Test
  void anotherBridgeIsTakenWhenNobodyRunsOnTheOneBefore() throws Exception {
    VmNetworks first = opened("one", SUBNET);
    run(first, WEB);
    first.close();
    VmNetworks second = opened("two", SUBNET);
    assertThat(host.bridges()).containsExactly("one");
    second.unplug(WEB);
    second.close();
    VmNetworks third = opened("two", SUBNET);
    assertThat(host.bridges()).containsExactly("two");
    third.close();
    assertThat(host.bridges()).isEmpty();
  }

  @Test
  void aKilledDaemonsOtherBridgeGoes() throws Exception {
    opened("one", SUBNET); // and killed
    VmNetworks next = opened("two", SUBNET);
    assertThat(host.bridges()).containsExactly("two");
    next.close();
    assertThat(host.links.keySet()).containsExactly("eth0");
  }

  @Test
  void aDaemonWithoutABridgeTakesAwayTheOneOfBefore() throws Exception {
    Map<String, String> before = host.state();
    VmNetworks networks = opened("", SUBNET);
    run(networks, WEB);
    networks.close();
    VmNetworks user = daemon(settings("", ""));
    user.retire();
    assertThat(host.bridges()).as("it runs").containsExactly("banger0");
    host.links.values().forEach(link -> link.attached = false);
    user.retire();
    assertThat(host.state()).isEqualTo(before);
    assertThat(leases.plugged()).isEmpty();
  }

  @Test
  void aNewSubnetIsTakenWhenNobodyRunsInTheOneBefore() throws Exception {
    VmNetworks first = opened("", SUBNET);
    assertThat(run(first, WEB)).isEqualTo("198.51.96.2/20");
    NetworkWish far =
        NetworkWish.parse(
            Optional.of("198.51.99.9"), Optional.empty(), Optional.empty(), EgressWish.NONE);
    first.reserve(OTHER, far);
    first.close();
    VmNetworks second = opened("", "198.51.96.0/28");
    assertThat(address(second, WEB)).isEqualTo("198.51.96.2");
    assertThat(address(second, OTHER)).isEqualTo("198.51.99.9");
    second.unplug(WEB);
    second.close();
    VmNetworks third = opened("", "203.0.113.0/28");
    assertThat(address(third, WEB)).isEqualTo("203.0.113.2");
    assertThat(address(third, OTHER)).startsWith("203.0.113.");
    assertThat(leases.of(OTHER).orElseThrow().slot()).isBetween(3, 14);
    third.close();
  }

  @Test
  void aRouteThatComesMovesANetworkThatNobodyHasAnAddressOf() throws Exception {
    VmNetworks networks = opened("", "");
    assertThat(host.addresses("banger0")).contains("10.87.0.1/20");
    host.routes.add(route("10.0.0.0", 8, "tun0"));
    host.tell(HostNetwork.Change.ROUTES); // nowhere to go: it stays
    host.routes.clear();
    host.routes.add(route("10.87.4.0", 24, "tun0"));
    host.tell(HostNetwork.Change.ROUTES);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> host.addresses("banger0").contains("10.88.0.1/20"));
    assertThat(networks.plug(WEB, 0).addresses().getFirst()).isEqualTo("10.88.0.2/20");
    host.routes.add(route("10.88.0.0", 16, "tun0"));
    host.tell(HostNetwork.Change.ROUTES);
    assertThat(address(networks, WEB)).isEqualTo("10.88.0.2");
    networks.unplug(WEB);
    networks.close();
  }

  @Test
  void aVpnThatTakesTheInternetInHalvesIsInNobodysWay() throws Exception {
    host.routes.add(route("0.0.0.0", 0, "eth0"));
    host.routes.add(route("0.0.0.0", 1, "tun0"));
    host.routes.add(route("128.0.0.0", 1, "tun0"));
    VmNetworks networks = opened("", "");
    assertThat(host.addresses("banger0")).contains("10.87.0.1/20");
    networks.close();
  }

  @Test
  void aRouteThatCameWhileNoDaemonRanMovesIt() throws Exception {
    opened("", "").close();
    host.routes.add(route("10.87.4.0", 24, "wg0"));
    VmNetworks next = opened("", "");
    assertThat(host.addresses("banger0")).contains("10.88.0.1/20");
    next.close();
  }

  @Test
  void aFullNetworkRefusesUntilAMachineGoes() throws Exception {
    VmNetworks networks = opened("", "198.51.96.0/28");
    assertThat(networks.plug(WEB, 0).addresses()).isNotEmpty();
    for (int slot = 3; slot <= 14; slot++) {
      VmId vm = new VmId("0000000000%02x".formatted(slot));
      assertThat(vms.insert(row(vm, "vm" + slot, slot))).isTrue();
      networks.reserve(vm, NetworkWish.NONE);
    }
    assertThatThrownBy(() -> networks.reserve(OTHER, NetworkWish.NONE))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE))
        .hasMessageContaining("all 13 addresses of 198.51.96.0/28");
    vms.delete(new VmId("000000000005"));
    networks.reserve(OTHER, NetworkWish.NONE);
    assertThat(address(networks, OTHER)).isEqualTo("198.51.96.5");
    networks.unplug(WEB);
    networks.close();
  }

  @Test
  void anAddressThatSomebodyElseOnTheBridgeHasIsRefusedWithItsMac() throws Exception {
    VmNetworks networks = opened("", SUBNET);
    NetworkWish wish =
        NetworkWish.parse(
            Optional.of("198.51.96.7"), Optional.empty(), Optional.empty(), EgressWish.NONE);
    FakeNetwork.Link stranger = new FakeNetwork.Link();
    stranger.bridge = "banger0";
    host.links.put("eth9", stranger);
    host.answers.put("198.51.96.7", "02:00:00:00:00:07");
    assertThatThrownBy(() -> networks.reserve(WEB, wish))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE))
        .hasMessageContaining("02:00:00:00:00:07 answers for it on banger0");
    assertThat(networks.lease(WEB)).isEmpty();
    host.answers.clear();
    networks.reserve(WEB, wish);
    networks.close();
  }

  @Test
  void aCardCostsTheSameHoweverManyThereAre() throws Exception {
    VmNetworks networks = opened("", SUBNET);
    run(networks, WEB);
    int before = host.looks.get();
    networks.unplug(WEB);
    networks.plug(WEB, 0);
    assertThat(host.looks.get() - before).isLessThan(10);
    networks.unplug(WEB);
    networks.close();
  }

  @Test
  void noneIsNoNameOfANetwork() throws Exception {
    NetworkWish none =
        NetworkWish.parse(Optional.empty(), Optional.empty(), Optional.of("none"), EgressWish.NONE);
    assertThat(none.network()).contains("");
    assertThatThrownBy(() ->
            new NetworkWish(
                Optional.empty(), Optional.empty(), Optional.of("none"), EgressWish.NONE))
        .hasMessageContaining("none is called so");
  }
}
