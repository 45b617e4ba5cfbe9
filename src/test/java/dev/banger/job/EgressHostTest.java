package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * One VM with a list of where it may go, a network namespace that is the internet to it, and a
 * resolver, of which only this daemon knows, in a mount namespace of its own.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class EgressHostTest {
  private static final String BRIDGE = "bangereg";
  private static final String RESOLVER = "127.0.0.153";
  private static final String BY_ADDRESS = "198.51.100.2";
  private static final String BY_NAME = "198.51.100.3";
  private static final String WILD = "198.51.100.4";
  private static final String UNLISTED = "198.51.100.5";
  private static final String SIX = "2001:db8:98::2";
  private static final String WILD_SIX = "2001:db8:98::4";
  private static final String UNLISTED_SIX = "2001:db8:98::5";
  private static final String INSIDE = "192.168.198.1";
  private static final String LIST =
      BY_ADDRESS + ":80,[" + SIX + "]:80/tcp,Listed.example:80/tcp,*.wild.example,inside.example";

  private Host host;
  private FakeResolver resolver;
  private final List<Process> servers = new ArrayList<>();

  @BeforeAll
  void aMachineAndAnInternet() throws Exception {
    assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "no /dev/net/tun for this user");
    sh("ip link delete bte0 2> /dev/null; ip netns delete bte 2> /dev/null; true");
    sh(
        """
        ip netns add bte && ip link add bte0 type veth peer name bte1 netns bte
        ip addr add 198.51.100.1/24 dev bte0 && ip addr add 2001:db8:98::1/64 dev bte0 nodad
        ip link set bte0 up
        for i in 2 3 4 5; do ip -n bte addr add 198.51.100.$i/24 dev bte1; done
        for i in 2 3 4 5; do ip -n bte addr add 2001:db8:98::$i/64 dev bte1 nodad; done
        ip -n bte addr add 192.168.198.1/24 dev bte1
        ip -n bte link set bte1 up && ip -n bte route add default via 198.51.100.1
        ip route add 192.168.198.0/24 via 198.51.100.2
        """);
    serve("TCP4-LISTEN:80,fork,reuseaddr", "EXEC:cat");
    serve("TCP6-LISTEN:80,fork,reuseaddr,ipv6only=1", "EXEC:cat");
    resolver =
        new FakeResolver(
            RESOLVER,
            Map.of(
                "listed.example", List.of(BY_NAME),
                "www.wild.example", List.of("cdn.example"),
                "cdn.example", List.of(WILD, WILD_SIX),
                "other.example", List.of(UNLISTED, UNLISTED_SIX),
                "inside.example", List.of(INSIDE)));
    host =
        Host.open()
            .configure(
                """
                accel = "tcg"
                [vm]
                memory = "192M"
                disk = "1G"
                [network]
                mode = "bridge"
                bridge = "bangereg"
                subnet = "10.98.0.0/24"
                """);
    startDaemon();
    host.banger(
            "vm",
            "create",
            "m21",
            "--start",
            "--init-mode",
            "agent",
            "--egress",
            LIST,
            "--ip",
            "10.98.0.21")
        .ok();
  }

  /** It finds the resolver where it finds the host's. */
  private void startDaemon() throws Exception {
    Path file = host.home().resolve("resolv.conf");
    Files.writeString(file, "nameserver " + RESOLVER + "\n");
    host.sh(
            "unshare --mount bash -c 'mount --bind "
                + file
                + " /etc/resolv.conf && exec banger daemon start'")
        .ok();
  }

  @AfterAll
  void nothingIsLeft() throws Exception {
    try {
      if (host != null) {
        host.close();
      }
    } finally {
      servers.forEach(Process::destroyForcibly);
      if (resolver != null) {
        resolver.close();
      }
      sh(
          "ip link delete bte0; ip netns delete bte; ip link delete "
              + BRIDGE
              + " 2> /dev/null; true");
    }
  }

  private void serve(String from, String to) throws Exception {
    servers.add(new ProcessBuilder("ip", "netns", "exec", "bte", "socat", from, to).start());
  }

  private static String sh(String line) throws Exception {
    Process process = new ProcessBuilder("bash", "-c", line).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(line + ": " + said).isZero();
    return said;
  }

  private Host.Result in(String line) throws Exception {
    return host.banger("vm", "exec", "-n", "m21", "--", "bash", "-c", line);
  }

  private static String call(String place, int port) {
    return "timeout 5 bash -c 'exec 3<>/dev/tcp/"
        + place
        + "/"
        + port
        + " && echo hi >&3 && head -n 1 <&3'";
  }

  /** All in one exec: a line for each. */
  private List<String> reached(String... places) throws Exception {
    StringBuilder line = new StringBuilder();
    for (String place : places) {
      int slash = place.indexOf('/');
      String call = call(place.substring(0, slash), Integer.parseInt(place.substring(slash + 1)));
      line.append(call).append(" 2> /dev/null || echo no\n");
    }
    return in(line.toString()).ok().out().lines().toList();
  }

  private String report() throws Exception {
    return host.banger("network", "egress", "m21").ok().out();
  }

  @Test
  @Order(1)
  void whatTheListNamesIsReachedAndNothingElse() throws Exception {
    assertThat(
            reached(
                BY_ADDRESS + "/80",
                BY_ADDRESS + "/81",
                SIX + "/80",
                SIX + "/81",
                WILD + "/80",
                WILD_SIX + "/80",
                INSIDE + "/80",
                BY_NAME + "/80")) // nobody has asked for its name yet
        .containsExactly("hi", "no", "hi", "no", "no", "no", "no", "no");
    assertThat(
            reached(
                "listed.example/80",
                BY_NAME + "/80",
                BY_NAME + "/81",
                "www.wild.example/80",
                WILD_SIX + "/80",
                "other.example/80",
                UNLISTED + "/80",
                UNLISTED_SIX + "/80",
                "inside.example/80")) // it leads inside: whoever owns the name opens nothing
        .containsExactly("hi", "hi", "no", "hi", "hi", "no", "no", "no", "no");
    assertThat(in("getent ahosts other.example").status()).isNotZero();
    assertThat(in("getent ahostsv4 m21.vm").status()).isZero();
    assertThat(host.banger("vm", "show", "m21").ok().out()).contains("listed.example:80/tcp");
    assertThat(report())
        .contains("mode: enforce", INSIDE, "refused", "other.example", "inside.example");
  }

  @Test
  @Order(2)
  void aListIsEditedWhileTheMachineRuns() throws Exception {
    host.banger("vm", "set", "m21", "--egress-add", "other.example:80,inside.example:99").ok();
    assertThat(reached("other.example/80")).containsExactly("hi");
    assertThat(
            host.banger(
                    "vm",
                    "set",
                    "m21",
                    "--egress-remove",
                    BY_ADDRESS + ":80",
                    "--egress-remove",
                    "*.wild.example,other.example:80")
                .ok()
                .out())
        .contains("egress: ");
    assertThat(reached(BY_ADDRESS + "/80", WILD + "/80", SIX + "/80", BY_NAME + "/80"))
        .containsExactly("no", "no", "hi", "hi");
    Host.Result wrong =
        host.banger("vm", "set", "m21", "--cpus", "2", "--egress-remove", "1.2.3.4");
    assertThat(wrong.status()).isEqualTo(1);
    assertThat(wrong.err()).contains("INVALID", "1.2.3.4");
    assertThat(host.banger("vm", "set", "m21", "--egress", "10.0.0.0/8,10.1.2.3/8").err())
        .contains("INVALID", "'10.1.2.3/8' is no egress rule");
    assertThat(host.banger("vm", "show", "m21", "--json").ok().out()).contains("\"cpus\":1");
    host.banger("vm", "set", "m21", "--egress", LIST).ok();
    assertThat(reached(BY_ADDRESS + "/80", "www.wild.example/80")).containsExactly("hi", "hi");
  }

  @Test
  @Order(3)
  void aKilledDaemonsPinsHoldAndWhatWasOpenOutlivesThem() throws Exception {
    assertThat(reached("listed.example/80")).containsExactly("hi");
    in("setsid bash -c 'exec 3<>/dev/tcp/"
            + BY_NAME
            + "/80; echo one >&3; read -t 20 a <&3; touch /tmp/open;"
            + " while [ ! -e /tmp/go ]; do sleep 0.2; done;"
            + " echo two >&3; read -t 5 b <&3; echo $a $b > /tmp/said' > /dev/null 2>&1 &")
        .ok();
    await().atMost(Duration.ofMinutes(1)).until(() -> in("test -e /tmp/open").status() == 0);
    sh("kill -9 " + host.daemonPid());
    startDaemon();
    host.banger("vm", "ls").ok();
    assertThat(reached(BY_NAME + "/80", BY_ADDRESS + "/80", BY_ADDRESS + "/81"))
        .containsExactly("hi", "hi", "no");
    assertThat(report()).contains(INSIDE, "refused"); // what was noted is there still
    sh("kill -9 " + host.daemonPid());
    expirePins();
    startDaemon();
    host.banger("vm", "ls").ok();
    assertThat(reached(BY_NAME + "/80", BY_ADDRESS + "/80")).containsExactly("no", "hi");
    in("touch /tmp/go").ok();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> in("cat /tmp/said").out().equals("one two\n"));
    assertThat(reached("listed.example/80")).containsExactly("hi");
  }

  private void expirePins() throws Exception {
    try (Connection database =
            DriverManager.getConnection("jdbc:sqlite:" + host.home().resolve("banger.db"));
        Statement statement = database.createStatement()) {
      assertThat(statement.executeUpdate("UPDATE answer SET until = 1")).isPositive();
    }
  }

  @Test
  @Order(4)
  void auditLetsPassAndNotesWhatTheListWouldRefuse() throws Exception {
    assertThat(host.banger("vm", "set", "m21", "--egress-mode", "audit").ok().out())
        .contains("egress mode: enforce -> audit");
    assertThat(
            reached("other.example/80", UNLISTED_SIX + "/80", INSIDE + "/80", BY_ADDRESS + "/80"))
        .containsExactly("hi", "hi", "no", "hi");
    assertThat(report()).contains("mode: audit", "passes, not listed", "other.example:80/tcp");
    String json = host.banger("network", "egress", "m21", "--json").ok().out();
    assertThat(json)
        .contains("\"mode\":\"audit\"")
        .containsPattern(
            "\"address\":\""
                + UNLISTED
                + "\",\"names\":\\[\"other.example\"],[^}]*\"listed\":false,\"passes\":true");
  }

  @Test
  @Order(5)
  void whatWasLearntIsAListThatLetsItPass() throws Exception {
    host.banger("vm", "set", "m21", "--egress", "none", "--egress-mode", "learn").ok();
    assertThat(reached("listed.example/80", BY_ADDRESS + "/80", SIX + "/80"))
        .containsExactly("hi", "hi", "hi");
    String json = host.banger("network", "egress", "m21", "--json").ok().out();
    String suggestion = json.replaceAll("(?s).*\"suggestion\":\"([^\"]*)\".*", "$1");
    assertThat(suggestion.split(",", -1))
        .contains("listed.example:80/tcp", BY_ADDRESS + ":80/tcp", "[" + SIX + "]:80/tcp");
    host.banger("vm", "set", "m21", "--egress", suggestion, "--egress-mode", "enforce").ok();
    assertThat(reached("listed.example/80", BY_ADDRESS + "/80", SIX + "/80", INSIDE + "/80"))
        .containsExactly("hi", "hi", "hi", "no");
  }

  @Test
  @Order(6)
  void theTestProvesFromInsideWhatTheRulesSay() throws Exception {
    host.banger("vm", "set", "m21", "--egress", LIST + ",198.51.100.0/24:7000").ok();
    Host.Result fine =
        host.banger(
            "network", "test", "m21", "www.wild.example:80", "other.example:80", WILD + ":81");
    assertThat(fine.status()).as(fine.out()).isZero();
    assertThat(fine.out())
        .containsPattern("DNS m21.vm +allowed +open")
        .containsPattern("the name server 10.98.0.1:53 +allowed +open")
        .containsPattern("the host 10.98.0.1:22 +refused +refused")
        .containsPattern("metadata 169.254.169.254:80 +refused +refused")
        .containsPattern("internet 1.1.1.1:443 +refused +refused")
        .containsPattern("rule " + BY_ADDRESS + ":80 +allowed +open")
        .containsPattern("rule \\[" + SIX + "\\]:80 +allowed +open")
        .containsPattern("listed.example:80 +allowed +open")
        .containsPattern("www.wild.example:80 +allowed +open")
        .containsPattern("other.example:80 +refused +no-name")
        .containsPattern("rule 198.51.100.0/24:7000 +allowed +not-tried")
        .containsPattern("inside.example:443 +refused +refused") // it leads inside
        .containsPattern(WILD + ":81 +allowed +closed")
        .doesNotContain("DIFFERS");
    Host.Result silent = host.banger("network", "test", "m21", "198.51.100.99:7000");
    assertThat(silent.status()).isEqualTo(1);
    assertThat(silent.out()).containsPattern("198.51.100.99:7000 +allowed +unreachable.*DIFFERS");
    assertThat(host.banger("network", "test", "m21", "nonsense").err()).contains("INVALID");
  }
}
