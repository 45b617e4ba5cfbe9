package dev.banger.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.net.dns.Gate;
import dev.banger.net.egress.Egress;
import dev.banger.privileged.HostNetwork;
import dev.banger.store.AnswerTable;
import dev.banger.store.Database;
import dev.banger.store.LeaseRow;
import dev.banger.store.LeaseTable;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuardedNamesTest {
  private final Instant now = Instant.now();
  private static final VmId ID = new VmId("0123456789ab");
  private static final AddressPlan PLAN = AddressPlan.parse("10.87.0.0/20 fd00000000000000");
  private static final InetAddress PUBLIC = InetAddress.ofLiteral("198.51.100.7");
  private static final InetAddress OTHER = InetAddress.ofLiteral("198.51.100.8");

  @TempDir Path directory;
  private Database database;
  private LeaseTable leases;
  private AnswerTable answers;
  private Firewall firewall;
  private final AskedNames asked = new AskedNames();
  private final List<String> written = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void aVmWithAList() throws Exception {
    database = Database.open(directory.resolve("banger.db"));
    new VmTable(database).insert(row());
    leases = new LeaseTable(database);
    answers = new AnswerTable(database);
    firewall = new Firewall(filter(), new Ruleset("banger0", "bgt0-", "banger", PLAN));
    LeaseRow row =
        new LeaseRow(ID, 0, "bgt0-1", true, "", "github.com:443,*.debian.org", "enforce");
    var _ = leases.take(row, OptionalInt.of(9), 2, 10);
    plug();
    written.clear();
  }

  private VmRow row() {
    return new VmRow(
        ID,
        new VmName("web"),
        VmRow.Life.begun(now),
        new VmRow.Source("debian:bookworm", "", ""),
        new VmRow.Shape(1, ByteSize.mib(512), ByteSize.gib(10)),
        VmRow.Policy.NONE,
        VmRow.Restarts.NONE,
        "auto",
        false,
        List.of(),
        "root",
        1,
        Map.of());
  }

  @AfterEach
  void close() throws Exception {
    firewall.close();
    database.close();
  }

  /** Writes nothing but down what it is told. */
  private HostNetwork filter() {
    return (HostNetwork)
        Proxy.newProxyInstance(
            HostNetwork.class.getClassLoader(),
            new Class<?>[] {HostNetwork.class},
            (_, method, arguments) -> {
              assertThat(method.getName()).isEqualTo("filter");
              written.add((String) arguments[0]);
              return "";
            });
  }

  private void plug() throws Exception {
    LeaseRow row = leases.of(ID).orElseThrow();
    Egress egress = EgressWish.of(row);
    firewall
        .plug(
            new Plug(
                ID,
                row.tap(),
                "06:23:45:67:89:ab",
                PLAN.address4(9),
                PLAN.address6(9),
                InetAddress.ofLiteral("fe80::1"),
                true,
                0,
                egress,
                GuardedNames.pins(egress, answers.of(ID))))
        .await();
  }

  private Gate.Asker vm(Instant at) throws Exception {
    return names(at).asker(PLAN.address4(9));
  }

  private GuardedNames names(Instant at) {
    Clock clock = Clock.fixed(at, ZoneOffset.UTC);
    return new GuardedNames(PLAN, leases, answers, firewall, asked, clock);
  }

  private static Gate.Told told(String name, InetAddress... addresses) {
    return new Gate.Told(name, List.of(), List.of(addresses), Duration.ofSeconds(30));
  }

  private void change(String list, String mode) throws Exception {
    leases.update(leases.of(ID).orElseThrow().withEgress(list, mode));
    plug();
    written.clear();
  }

  @Test
  void anAddressIsPinnedAtItsNamesPortsBeforeTheVmKnowsIt() throws Exception {
    assertThat(vm(now).isTold(told("github.com", PUBLIC))).isTrue();
    assertThat(written).hasSize(1);
    assertThat(written.getFirst())
        .contains("known4 { 10.87.0.9 . 198.51.100.7 }")
        .containsPattern(
            "pinned_ports4 \\{ 10.87.0.9 . 198.51.100.7 . tcp . 443 timeout (29\\d|300)s,"
                + " 10.87.0.9 . 198.51.100.7 . udp . 443 timeout")
        .doesNotContain(" pinned4 ");
    assertThat(vm(now).isTold(told("ftp.debian.org", InetAddress.ofLiteral("2001:db8::7"))))
        .isTrue();
    assertThat(written.getLast())
        .containsPattern(
            "pinned6 \\{ fd00:0:0:0:0:0:0:9 . 2001:db8:0:0:0:0:0:7 timeout (29\\d|300)s");
  }

  @Test
  void whatIsPinnedForLongEnoughIsNotWrittenAgain() throws Exception {
    assertThat(vm(now).isTold(told("github.com", PUBLIC))).isTrue();
    assertThat(vm(now.plusSeconds(200)).isTold(told("github.com", PUBLIC))).isTrue();
    assertThat(written).hasSize(1);
    assertThat(vm(now.plusSeconds(280)).isTold(told("github.com", PUBLIC))).isTrue();
    assertThat(written).hasSize(2);
  }

  @Test
  void aPinHoldsLongerThanTheAnswer() throws Exception {
    Gate.Told day = new Gate.Told("github.com", List.of(), List.of(PUBLIC), Duration.ofDays(1));
    assertThat(vm(now).isTold(day)).isTrue();
    assertThat(written.getFirst()).containsPattern("timeout 864[56]\\ds");
  }

  @Test
  void aNameThatLeadsInsideOpensNothing() throws Exception {
    for (String inside :
        List.of("10.1.2.3", "169.254.169.254", "127.0.0.1", "fe80::1", "fd00::9", "100.64.0.1")) {
      assertThat(vm(now).isTold(told("github.com", InetAddress.ofLiteral(inside)))).isTrue();
    }
    assertThat(written).isEmpty();
  }

  @Test
  void onlyNamesOfTheListMayBeAskedForAndOthersAreNoted() throws Exception {
    assertThat(vm(now).mayAsk("github.com")).isTrue();
    assertThat(vm(now).mayAsk("deb.debian.org")).isTrue();
    assertThat(vm(now).mayAsk("debian.org")).isFalse();
    assertThat(vm(now.plusSeconds(1)).mayAsk("evil.example")).isFalse();
    assertThat(vm(now.plusSeconds(2)).mayAsk("evil.example")).isFalse();
    assertThat(asked.of(ID))
        .containsExactly(
            new AskedName("debian.org", 1, now, now),
            new AskedName("evil.example", 2, now.plusSeconds(1), now.plusSeconds(2)));
    change("github.com", "audit");
    assertThat(vm(now).mayAsk("evil.example")).isTrue();
    change("10.0.0.0/8", "enforce");
    assertThat(vm(now).mayAsk("evil.example")).isTrue();
  }

  @Test
  void anAliasOfAListedNameMayBeAskedForToo() throws Exception {
    GuardedNames names = names(now);
    Gate.Asker vm = names.asker(PLAN.address6(9));
    assertThat(vm.mayAsk("cdn.example")).isFalse();
    assertThat(
            vm.isTold(
                new Gate.Told(
                    "github.com", List.of("cdn.example"), List.of(PUBLIC), Duration.ZERO)))
        .isTrue();
    assertThat(vm.mayAsk("cdn.example")).isTrue();
    assertThat(vm.isTold(told("cdn.example", OTHER))).isTrue();
    assertThat(written.getLast()).contains("10.87.0.9 . 198.51.100.8 . tcp . 443");
  }

  @Test
  void whoAsksIsKnownByItsAddress() throws Exception {
    assertThat(names(now).asker(InetAddress.ofLiteral("10.87.0.77")))
        .isEqualTo(Gate.Asker.STRANGER);
    assertThat(names(now).asker(InetAddress.ofLiteral("fe80::1"))).isEqualTo(Gate.Asker.STRANGER);
    assertThat(names(now).asker(PLAN.gateway4())).isEqualTo(Gate.Asker.FREE);
    assertThat(names(now).asker(InetAddress.ofLiteral("127.0.0.1"))).isEqualTo(Gate.Asker.FREE);
    change("internet", "enforce");
    assertThat(vm(now)).isEqualTo(Gate.Asker.FREE);
    change("internet", "learn");
    assertThat(vm(now).isWatched()).isTrue();
  }

  @Test
  void pinsOutliveTheDaemonAndAreThoseOfTheListOfNow() throws Exception {
    assertThat(vm(now).isTold(told("github.com", PUBLIC))).isTrue();
    assertThat(vm(now).isTold(told("deb.debian.org", OTHER))).isTrue();
    Egress present = Egress.parse("*.debian.org", Egress.Mode.ENFORCE);
    Map<Pin, Instant> pins = GuardedNames.pins(present, answers.of(ID));
    assertThat(pins.keySet()).extracting(Pin::address).containsExactly(OTHER);
    firewall.rewrite().await();
    assertThat(written.getLast())
        .contains("198.51.100.7 . tcp . 443 timeout", "pinned4 { 10.87.0.9 . 198.51.100.8 timeout");
    change("*.debian.org", "enforce");
    firewall.rewrite().await();
    assertThat(written.getLast()).doesNotContain("198.51.100.7").contains("198.51.100.8");
  }

  @Test
  void whatCannotBePinnedIsNotTakenForPinned() throws Exception {
    Gate.Asker vm = vm(now);
    firewall.unplug("bgt0-1").await();
    assertThat(vm.isTold(told("github.com", PUBLIC))).isFalse();
    assertThat(answers.of(ID)).isEmpty();
    plug();
    assertThat(vm.isTold(told("github.com", PUBLIC))).isTrue();
    assertThat(written.getLast()).contains("198.51.100.7 . tcp . 443 timeout");
  }

  @Test
  void aListThatIsChangedMeanwhileDecides() throws Exception {
    Gate.Asker before = vm(now);
    change("any:22", "enforce");
    assertThat(before.isTold(told("github.com", PUBLIC))).isTrue();
    assertThat(String.join("", written)).doesNotContain("198.51.100.7");
  }

  @Test
  void ofTooManyAddressesTheOldestGo() throws Exception {
    for (int block = 0; block < 5; block++) {
      InetAddress[] many = new InetAddress[250];
      for (int i = 0; i < many.length; i++) {
        many[i] = InetAddress.ofLiteral("198.5" + block + ".100." + i);
      }
      assertThat(vm(now.plusSeconds(block)).isTold(told("github.com", many))).isTrue();
    }
    assertThat(answers.of(ID)).hasSize(1024);
    assertThat(written.getLast())
        .contains("delete element inet banger known4 { 10.87.0.9 . 198.50.100.");
    firewall.unplug("bgt0-1").await();
    firewall.rewrite().await();
    assertThat(written.getLast()).doesNotContain("known4 {\n", "198.5");
  }
}
