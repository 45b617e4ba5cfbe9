package dev.banger.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.BangerException;
import dev.banger.privileged.Route;
import dev.banger.store.Database;
import dev.banger.store.LeaseTable;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostForwardingTest {
  @TempDir Path dir;
  private Database database;
  private LeaseTable leases;
  private final FakeNetwork host = new FakeNetwork("eth0", "eth1");

  @BeforeEach
  void open() throws BangerException {
    database = Database.open(dir.resolve("banger.db"));
    leases = new LeaseTable(database);
  }

  @AfterEach
  void close() {
    database.close();
  }

  private HostForwarding forwarding() {
    return new HostForwarding(host, leases);
  }

  @Test
  void eachInterfaceComesBackAsItWasAlsoByTheNextDaemon() throws Exception {
    host.settings.put("net/ipv4/conf/eth1/forwarding", "1");
    host.settings.put("net/ipv6/conf/eth0/forwarding", "1");
    host.settings.put("net/ipv6/conf/default/forwarding", "1");
    host.routes.add(new Route(InetAddress.getByName("::"), 0, "eth0"));
    Map<String, String> before = new TreeMap<>(host.settings);

    forwarding().on();
    assertThat(host.settings)
        .containsEntry("net/ipv4/conf/eth0/forwarding", "1")
        .containsEntry("net/ipv6/conf/eth0/accept_ra", "2");
    forwarding().on();
    forwarding().restore();
    assertThat(host.settings).isEqualTo(before);
    assertThat(leases.decisions("before:")).isEmpty();
  }

  @Test
  void anInterfaceThatCameLaterForwardsNoMore() throws Exception {
    forwarding().on();
    host.plugTap("late", 0, "");
    assertThat(host.settings).containsEntry("net/ipv4/conf/late/forwarding", "1");
    forwarding().restore();
    assertThat(host.settings)
        .containsEntry("net/ipv4/conf/late/forwarding", "0")
        .containsEntry("net/ipv6/conf/late/forwarding", "0");
  }

  @Test
  void whatSomebodyElseChangedMeanwhileStays() throws Exception {
    forwarding().on();
    host.settings.put("net/ipv4/conf/eth0/forwarding", "0");
    host.set("net/ipv6/conf/all/forwarding", "0");
    host.set("net/ipv6/conf/eth1/forwarding", "1");
    forwarding().restore();
    assertThat(host.settings)
        .containsEntry("net/ipv4/conf/eth0/forwarding", "0")
        .containsEntry("net/ipv4/ip_forward", "0")
        .containsEntry("net/ipv4/conf/all/accept_redirects", "1")
        .containsEntry("net/ipv6/conf/eth1/forwarding", "1");
  }

  @Test
  void whatAnEarlierBootWroteDownIsNotRestored() throws Exception {
    forwarding().on();
    host.boot = "boot-2"; // the administrator made the host a router, and it was booted
    Map<String, String> now = new TreeMap<>(host.settings);
    forwarding().restore();
    assertThat(host.settings).isEqualTo(now);
    assertThat(leases.decisions("before:")).isEmpty();
  }

  @Test
  void aHostThatForwardsAlreadyIsLeftAlone() throws Exception {
    host.set("net/ipv4/ip_forward", "1");
    host.set("net/ipv6/conf/all/forwarding", "1");
    host.settings.put("net/ipv4/conf/eth1/forwarding", "0");
    Map<String, String> before = new TreeMap<>(host.settings);
    forwarding().on();
    assertThat(host.settings).isEqualTo(before);
    forwarding().restore();
    assertThat(host.settings).isEqualTo(before);
  }
}
