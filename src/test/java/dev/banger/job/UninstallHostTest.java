package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * A daemon in a network namespace of its own, which is a host with docker and another network to
 * it: all that banger changes there is compared as a whole, before and after.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class UninstallHostTest {
  private static final String SPACE = "bgun-" + ProcessHandle.current().pid();
  private static final String OUTSIDE = SPACE + "-o";
  private static final String BRIDGE = "banger0";
  private static final String INTERNET = "203.0.113.2";
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** As docker leaves it: what it does not know is not forwarded. */
  private static final String DOCKER =
      """
      *filter
      :INPUT ACCEPT [0:0]
      :FORWARD DROP [0:0]
      :OUTPUT ACCEPT [0:0]
      :DOCKER-USER - [0:0]
      -A FORWARD -j DOCKER-USER
      -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
      -A DOCKER-USER -j RETURN
      COMMIT
      """;

  private Host host;
  private String before = "";

  @BeforeAll
  void aHostOfItsOwn() throws Exception {
    assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "no /dev/net/tun for this user");
    sh(
        """
        ip netns add %1$s && ip netns add %2$s && ip -n %1$s link set lo up
        ip netns exec %1$s sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=0
        ip -n %1$s link add up0 type veth peer name up1 netns %2$s
        ip -n %1$s addr add 203.0.113.1/24 dev up0 && ip -n %1$s link set up0 up
        ip -n %2$s addr add 203.0.113.2/24 dev up1 && ip -n %2$s link set up1 up
        ip -n %1$s link add lan0 type veth peer name lan1 netns %2$s
        ip -n %1$s link set lan0 up
        ip -n %2$s addr add 10.97.0.6/29 dev lan1 && ip -n %2$s link set lan1 up
        """
            .formatted(SPACE, OUTSIDE));
    in("iptables-nft-restore << 'END'\n" + DOCKER + "END\n");
    // Two interfaces, of which one forwards already: each has to come back as it was.
    in("sysctl -qw net.ipv4.conf.up0.forwarding=1 net.ipv6.conf.lan0.forwarding=1");
    host =
        Host.open()
            .inNamespace(SPACE)
            .configure(
                """
                accel = "tcg"
                [vm]
                memory = "192M"
                disk = "1G"
                [network]
                mode = "bridge"
                subnet = "10.97.0.0/29"
                taps = 2
                """);
    before = state();
  }

  @AfterAll
  void nothingIsLeft() throws Exception {
    try {
      if (host != null) {
        host.close();
      }
    } finally {
      sh("ip netns delete " + SPACE + "; ip netns delete " + OUTSIDE);
    }
  }

  private static String sh(String line) throws Exception {
    Process process = new ProcessBuilder("bash", "-c", line).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(line + ": " + said).isZero();
    return said;
  }

  private static String in(String script) throws Exception {
    Path file = Files.createTempFile("uninstall", ".sh");
    try {
      Files.writeString(file, script);
      return sh("ip netns exec " + SPACE + " bash -e " + file);
    } finally {
      Files.delete(file);
    }
  }

  /** Whole outputs; what the kernel counts is left out. */
  private static String state() throws Exception {
    return in(
        """
        ip -o link; ip -o addr; ip rule; ip -6 rule; ip route show table all; ip -6 route show table all
        nft list ruleset 2> /dev/null | sed 's/packets [0-9]* bytes [0-9]*//'
        sysctl -a --pattern '^net\\.' 2> /dev/null | grep -v -e nf_conntrack_count -e '_bytes\\|\\.cookie'
        """);
  }

  /** Without the link-local addresses, which the kernel gives a bridge at some time or other. */
  private static String settled() throws Exception {
    return state()
        .lines()
        .filter(line -> !line.contains("fe80"))
        .map(line -> line.replaceAll("NO-CARRIER,|,LOWER_UP|(?<= state )[A-Z]+| linkdown", ""))
        .collect(Collectors.joining("\n"));
  }

  private void networkIsUp() {
    await().atMost(LIMIT).until(() -> state().contains("table inet banger"));
  }

  private Host.Result web(String command) throws Exception {
    return host.banger("vm", "exec", "-n", "web", "--", "bash", "-c", command);
  }

  @Test
  @Order(1)
  void aDaemonThatStopsWithoutMachinesLeavesTheHostAsItWas() throws Exception {
    host.banger("vm", "ls").ok();
    networkIsUp();
    assertThat(in("sysctl -n net.ipv4.ip_forward").strip()).isEqualTo("1");
    in("nft flush ruleset; iptables-nft-restore << 'END'\n" + DOCKER + "END\n");
    networkIsUp();
    host.banger("daemon", "stop").ok();
    assertThat(state()).isEqualTo(before);
  }

  @Test
  @Order(2)
  void anAddressThatAnswersOnTheBridgeIsRefusedWithItsMac() throws Exception {
    host.banger("vm", "ls").ok();
    networkIsUp();
    in("ip link set lan0 master " + BRIDGE);
    try {
      Host.Result used = host.banger("vm", "create", "used", "--ip", "10.97.0.6");
      assertThat(used.status()).isEqualTo(1);
      String mac = sh("ip netns exec " + OUTSIDE + " cat /sys/class/net/lan1/address").strip();
      assertThat(used.err()).contains("IN_USE", "10.97.0.6 is used already", mac);
      assertThat(host.banger("vm", "ls", "--all", "--quiet").ok().out()).isEmpty();
    } finally {
      in("ip link set lan0 nomaster");
    }
  }

  @Test
  @Order(3)
  void aFullPoolRefusesAMachineAndADeleteMakesRoom() throws Exception {
    for (int i = 2; i <= 6; i++) {
      String name = i == 2 ? "web" : "m" + i;
      host.banger("vm", "create", name, "--nat", "on", "--init-mode", "agent").ok();
    }
    Host.Result full = host.banger("vm", "create", "late", "--nat", "on");
    assertThat(full.status()).isEqualTo(1);
    assertThat(full.err()).contains("NO_SPACE", "all 5 addresses of 10.97.0.0/29", "subnet");
    assertThat(host.banger("vm", "ls", "--all", "--quiet").ok().out()).doesNotContain("late");
    host.banger("vm", "delete", "m4").ok();
    host.banger("vm", "create", "late", "--nat", "on").ok();
    host.banger("vm", "delete", "m3", "m5", "m6", "late").ok();
  }

  private static String dockersFilter() throws Exception {
    return in("nft list table ip filter | sed 's/packets [0-9]* bytes [0-9]*//'");
  }

  @Test
  @Order(4)
  void dockersFilterIsToldMendedAndUndone() throws Exception {
    host.banger("vm", "start", "web").ok();
    assertThat(web("ping -c 1 -W 2 " + INTERNET).status()).isNotZero();
    assertThat(host.banger("doctor").out())
        .contains("packets of VMs do not leave: docker: chain FORWARD");
    String unrepaired = dockersFilter();
    Host.Result asked = host.banger("doctor", "--fix");
    assertThat(asked.status()).isEqualTo(2);
    assertThat(asked.err()).contains("iptables-nft -w 5 -I DOCKER-USER -i banger0", "--yes");
    assertThat(host.banger("doctor", "--fix", "--yes").out()).doesNotContain("do not leave");
    web("ping -c 1 -W 2 " + INTERNET).ok();
    assertThat(host.banger("doctor", "--undo", "--yes").ok().out())
        .contains("undone  iptables-nft -w 5 -D DOCKER-USER");
    assertThat(dockersFilter()).isEqualTo(unrepaired);
    assertThat(web("ping -c 1 -W 2 " + INTERNET).status()).isNotZero();
    host.banger("doctor", "--fix", "--yes");
    web("ping -c 1 -W 2 " + INTERNET).ok();
  }

  @Test
  @Order(5)
  void machinesThatRunAreNotTakenAwayUnasked() throws Exception {
    Host.Result refused = host.banger("uninstall");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("VMs run: web", "--force");
    assertThat(host.banger("uninstall", "--force").status()).as("nobody to ask").isEqualTo(2);
    web("true").ok();
  }

  @Test
  @Order(6)
  void uninstallAfterAKillLeavesTheHostAsItWas() throws Exception {
    sh("kill -9 " + host.daemonPid());
    Host.Result done = host.banger("uninstall", "--force", "--yes").ok();
    assertThat(done.out())
        .contains("removed  VM web", "removed  the daemon", "DOCKER-USER", "--purge")
        .contains("left     " + host.home().resolve("images") + " (images)");
    assertThat(state()).isEqualTo(before);
    assertThat(host.home().resolve("run")).doesNotExist();
    host.banger("uninstall").ok();
    assertThat(state()).isEqualTo(before);
  }

  @Test
  @Order(7)
  void uninstallTakesAwayWhatAKilledDaemonWithoutMachinesLeft() throws Exception {
    host.banger("vm", "ls").ok();
    networkIsUp();
    String waiting = "bgt0-[0-9]+: <[^>]*UP[^>]*>[^\n]* master ";
    await().atMost(LIMIT).until(() -> state().split(waiting, -1).length > 2);
    String up = settled();
    sh("kill -9 " + host.daemonPid());
    host.banger("vm", "ls").ok();
    await().atMost(LIMIT).untilAsserted(() -> assertThat(settled()).isEqualTo(up));
    sh("kill -9 " + host.daemonPid());
    assertThat(host.banger("uninstall").ok().out()).contains("removed  " + BRIDGE);
    assertThat(state()).isEqualTo(before);
  }

  @Test
  @Order(8)
  void aDaemonWithoutABridgeTakesTheOneOfBeforeAway() throws Exception {
    host.banger("vm", "ls").ok();
    networkIsUp();
    sh("kill -9 " + host.daemonPid());
    host.configure("[network]\nmode = \"user\"\n");
    host.banger("vm", "ls").ok();
    await().atMost(LIMIT).until(() -> state().equals(before));
  }

  @Test
  @Order(9)
  void purgeLeavesNothingAndFollowsNoLink() throws Exception {
    Path shared = host.home().resolve("images").toRealPath();
    assertThat(host.banger("uninstall", "--purge").status()).as("nobody to ask").isEqualTo(2);
    host.banger("uninstall", "--purge", "--yes").ok();
    assertThat(host.home()).doesNotExist();
    assertThat(shared).isNotEmptyDirectory();
    assertThat(host.banger("uninstall", "--purge", "--yes").ok().out()).contains("nothing");
    Files.createDirectories(host.home()); // as the end expects
    host.configure("[network]\nmode = \"user\"\n");
  }
}
