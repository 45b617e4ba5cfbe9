package dev.banger.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.net.dns.Names;
import dev.banger.net.port.DatagramLink;
import dev.banger.net.port.Forwarder;
import dev.banger.net.port.GuestDialer;
import dev.banger.net.port.GuestLink;
import dev.banger.net.port.Publications;
import dev.banger.store.Database;
import dev.banger.store.PublicationTable;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** As dig sees it. */
class LoopbackDnsTest {
  private static final VmId WEB = new VmId("0123456789ab");
  private static final VmId IDLE = new VmId("0123456789ac");
  private static final VmId BRIDGED = new VmId("0123456789ad");
  private static final InetSocketAddress ANYWHERE =
      new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);

  @TempDir Path dir;
  private Database database;
  private Forwarder forwarder;
  private LoopbackDns dns;
  private volatile Optional<Names> bridge = Optional.empty();

  /** A guest in which nobody listens. */
  private static final class Deaf implements GuestDialer {
    @Override
    public GuestLink dial(int port) {
      throw new AssertionError("nobody connects");
    }

    @Override
    public Optional<DatagramLink> datagrams(int port, int attempt) {
      return Optional.empty();
    }
  }

  /** A bridge with one VM, at 10.87.0.2. */
  private static final class OneOnTheBridge implements Names {
    private static final InetAddress ADDRESS = InetAddress.ofLiteral("10.87.0.2");

    @Override
    public List<InetAddress> addresses(String vm) {
      return vm.equals("bridged") ? List.of(ADDRESS) : List.of();
    }

    @Override
    public boolean exists(String vm) {
      return vm.equals("bridged");
    }

    @Override
    public boolean isOurs(InetAddress address) {
      return address.equals(ADDRESS);
    }

    @Override
    public Optional<String> name(InetAddress address) {
      return address.equals(ADDRESS) ? Optional.of("bridged") : Optional.empty();
    }
  }

  @BeforeEach
  void threeMachinesOfWhichOneRuns() throws Exception {
    database = Database.open(dir.resolve("banger.db"));
    VmTable vms = new VmTable(database);
    assertThat(vms.insert(row(WEB, "web", 1))).isTrue();
    assertThat(vms.insert(row(IDLE, "idle", 2))).isTrue();
    assertThat(vms.insert(row(BRIDGED, "bridged", 3))).isTrue();
    forwarder = new Forwarder(Publications.open(new PublicationTable(database), vms));
    forwarder.serve(WEB, "web", new Deaf());
    dns = LoopbackDns.openInBackground(ANYWHERE, new LoopbackNames(vms, forwarder, () -> bridge));
  }

  @AfterEach
  void close() throws Exception {
    dns.close();
    forwarder.close();
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

  private String dig(String... question) throws Exception {
    InetSocketAddress where = Objects.requireNonNull(dns.address());
    List<String> words =
        new ArrayList<>(
            List.of("dig", "@127.0.0.1", "-p", Integer.toString(where.getPort()), "+tries=1"));
    words.addAll(List.of(question));
    Process dig = new ProcessBuilder(words).redirectErrorStream(true).start();
    String said = new String(dig.getInputStream().readAllBytes(), UTF_8);
    assertThat(dig.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return said;
  }

  private String own() throws BangerException {
    return forwarder.publications().address(WEB);
  }

  @Test
  void aMachineThatRunsHasItsOwnAddressAndAllBelowItsNameToo() throws Exception {
    assertThat(own()).matches("127\\.\\d+\\.\\d+\\.\\d+");
    assertThat(dig("+short", "web.vm").strip()).isEqualTo(own());
    assertThat(dig("+short", "+tcp", "a.b.WEB.vm").strip()).isEqualTo(own());
    assertThat(dig("+short", "-x", own()).strip()).isEqualTo("web.vm.");
    assertThat(dig("web.vm", "AAAA")).contains("status: NOERROR", "ANSWER: 0", "SOA");
  }

  @Test
  void theNameGoesWithTheMachinesRunAndTheUnknownHasNone() throws Exception {
    String address = own();
    forwarder.close(WEB);
    assertThat(dig("web.vm")).contains("status: NOERROR", "ANSWER: 0");
    assertThat(dig("-x", address)).contains("status: NXDOMAIN");
    assertThat(dig("idle.vm")).contains("status: NOERROR", "ANSWER: 0");
    assertThat(dig("nobody.vm")).contains("status: NXDOMAIN");
  }

  @Test
  void nobodyElseIsAskedForAnything() throws Exception {
    assertThat(dig("example.org"))
        .contains("status: REFUSED", "recursion requested but not available");
    assertThat(dig("-x", "127.0.0.1")).contains("status: REFUSED");
  }

  @Test
  void whoIsOnTheBridgeIsFoundThere() throws Exception {
    bridge = Optional.of(new OneOnTheBridge());
    assertThat(dig("+short", "bridged.vm").strip()).isEqualTo("10.87.0.2");
    assertThat(dig("+short", "-x", "10.87.0.2").strip()).isEqualTo("bridged.vm.");
    assertThat(dig("+short", "web.vm").strip()).isEqualTo(own());
  }

  @Test
  void aTakenPortMeansNoNamesAndNothingWorse() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, ANYWHERE.getAddress());
        LoopbackDns second =
            LoopbackDns.openInBackground(
                new InetSocketAddress(ANYWHERE.getAddress(), taken.getLocalPort()),
                new OneOnTheBridge())) {
      assertThat(second.address()).isNull();
    }
  }
}
