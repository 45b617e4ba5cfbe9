package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Four VMs on a bridge of this host, and a network namespace that is the internet to them: two VMs
 * alone, two in the network {@code dev}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class NetworkHostTest {
  private static final String BRIDGE = "bangertest";
  private static final String GATEWAY = "10.99.0.1";
  private static final String INTERNET = "203.0.113.2";
  private static final String INTERNET_6 = "2001:db8:99::2";
  private static final String PRIVATE = "192.168.199.1";
  private static final Path CALLS = Path.of("/proc/sys/net/bridge/bridge-nf-call-iptables");
  private static final List<Integer> SLOTS = List.of(11, 12, 13, 14);

  private Host host;
  private String before = "";
  private final List<Process> servers = new ArrayList<>();

  @BeforeAll
  void fourMachinesAndAnInternet() throws Exception {
    assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "no /dev/net/tun for this user");
    sh("ip link delete bti0 2> /dev/null; ip netns delete bti 2> /dev/null; true");
    before = state();
    sh(
        """
        ip netns add bti && ip link add bti0 type veth peer name bti1 netns bti
        ip addr add 203.0.113.1/24 dev bti0 && ip addr add 2001:db8:99::1/64 dev bti0 nodad
        ip link set bti0 up
        ip -n bti addr add 203.0.113.2/24 dev bti1 && ip -n bti addr add 2001:db8:99::2/64 dev bti1 nodad
        ip -n bti addr add 192.168.199.1/24 dev bti1
        ip -n bti link set bti1 up && ip -n bti route add default via 203.0.113.1
        ip route add 192.168.199.0/24 via 203.0.113.2
        """);
    serve();
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
                bridge = "bangertest"
                subnet = "10.99.0.0/24"
                """);
    for (int slot : SLOTS) {
      List<String> words =
          new ArrayList<>(
              List.of(
                  "vm",
                  "create",
                  "m" + slot,
                  "--start",
                  "--init-mode",
                  "agent",
                  "--ip",
                  address(slot)));
      if (slot > 12) {
        words.addAll(List.of("--network", "dev"));
      }
      host.banger(words.toArray(String[]::new)).ok();
    }
  }

  @AfterAll
  void nothingIsLeft() throws Exception {
    try {
      if (host != null) {
        host.close();
      }
    } finally {
      servers.forEach(Process::destroyForcibly);
      sh(
          "ip link delete bti0; ip netns delete bti; ip link delete "
              + BRIDGE
              + " 2> /dev/null; true");
    }
  }

  private void serve() throws Exception {
    serve(
        "ip",
        "netns",
        "exec",
        "bti",
        "socat",
        "TCP4-LISTEN:80,fork,reuseaddr",
        "SYSTEM:echo $SOCAT_PEERADDR");
    serve(
        "ip",
        "netns",
        "exec",
        "bti",
        "socat",
        "TCP6-LISTEN:81,fork,reuseaddr,ipv6only=1",
        "SYSTEM:echo $SOCAT_PEERADDR");
    serve("socat", "TCP4-LISTEN:9911,fork,reuseaddr", "SYSTEM:echo host");
  }

  private void serve(String... command) throws Exception {
    servers.add(new ProcessBuilder(command).start());
  }

  private static String sh(String line) throws Exception {
    Process process = new ProcessBuilder("bash", "-c", line).redirectErrorStream(true).start();
    String said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(line + ": " + said).isZero();
    return said;
  }

  private static String address(int slot) {
    return "10.99.0." + slot;
  }

  /** All that banger may change, as text. */
  private static String state() throws Exception {
    return sh(
        "ip -br link | awk '{print $1}' | sort; ip rule; ip route; nft list ruleset;"
            + " grep -rs . /proc/sys/net/ipv4/conf /proc/sys/net/ipv4/ip_forward"
            + " /proc/sys/net/ipv6/conf /proc/sys/net/bridge | sort");
  }

  private Host.Result in(int slot, String line) throws Exception {
    return host.banger("vm", "exec", "-n", "m" + slot, "--", "bash", "-c", line);
  }

  private boolean reaches(int slot, String address) throws Exception {
    return in(slot, "ping -c 1 -W 2 " + address).status() == 0;
  }

  private static String ask(String address, int port) {
    return "timeout 5 bash -c 'cat < /dev/tcp/" + address + "/" + port + "'";
  }

  /** Whether a ping out of a VM is answered, and comes to the internet from this address only. */
  private boolean pingSeenFrom(String sender) throws Exception {
    sh(
        "ip netns exec bti nft 'table ip seen; flush table ip seen; table ip seen { chain in { type"
            + " filter hook input priority 0; icmp type != echo-request accept; ip saddr "
            + sender
            + " counter accept; ip protocol icmp drop; }; }'");
    boolean answered = reaches(11, INTERNET);
    String seen =
        sh("ip netns exec bti nft list table ip seen; ip netns exec bti nft delete table ip seen");
    return answered && !seen.contains("packets 0 ");
  }

  @Test
  @Order(1)
  void packetsLeaveUnderTheHostsAddressAndUnderTheirOwnWithoutNat() throws Exception {
    assertThat(in(11, ask(INTERNET, 80)).ok().out().strip()).isEqualTo("203.0.113.1");
    assertThat(in(11, ask(INTERNET_6, 81)).ok().out())
        .contains("2001:0db8:0099:0000:0000:0000:0000:0001");
    assertThat(pingSeenFrom("203.0.113.1")).isTrue();
    host.banger("vm", "set", "m11", "--nat", "off").ok();
    assertThat(in(11, ask(INTERNET, 80)).ok().out().strip()).isEqualTo(address(11));
    assertThat(pingSeenFrom(address(11))).isTrue();
    assertThat(host.banger("vm", "set", "m11", "--nat", "on").ok().out())
        .contains("nat: off -> on");
    assertThat(in(11, ask(INTERNET, 80)).ok().out().strip()).isEqualTo("203.0.113.1");
  }

  @Test
  @Order(2)
  void machinesSeeOnlyMembersOfTheirNetworkWhateverBridgesCall() throws Exception {
    String calls = Files.exists(CALLS) ? Files.readString(CALLS).strip() : "";
    try {
      for (String mode : calls.isEmpty() ? List.of("") : List.of("0", "1")) {
        if (!mode.isEmpty()) {
          Files.writeString(CALLS, mode);
        }
        assertThat(reaches(13, address(14))).as("members, bridge-nf %s", mode).isTrue();
        assertThat(reaches(11, address(12))).as("strangers, bridge-nf %s", mode).isFalse();
        assertThat(reaches(13, address(12)))
            .as("a member and a stranger, bridge-nf %s", mode)
            .isFalse();
        assertThat(
                in(
                        11,
                        "ip route add "
                            + address(12)
                            + " via "
                            + GATEWAY
                            + "; ping -c 1 -W 2 "
                            + address(12))
                    .status())
            .as("strangers through the gateway, bridge-nf %s", mode)
            .isNotZero();
        assertThat(in(11, "ip route del " + address(12)).status()).isZero();
      }
    } finally {
      if (!calls.isEmpty()) {
        Files.writeString(CALLS, calls);
      }
    }
    host.banger("vm", "set", "m12", "--network", "dev").ok();
    assertThat(reaches(13, address(12))).isTrue();
    host.banger("vm", "set", "m12", "--network", "none").ok();
    assertThat(reaches(13, address(12))).isFalse();
  }

  @Test
  @Order(3)
  void whoSpeaksAsSomebodyElseIsNotHeard() throws Exception {
    assertThat(reaches(11, GATEWAY)).isTrue();
    assertThat(
            in(11, "ip addr add 10.99.0.77/24 dev eth0; ping -c 1 -W 2 -I 10.99.0.77 " + GATEWAY)
                .status())
        .isNotZero();
    assertThat(in(11, "ip addr del 10.99.0.77/24 dev eth0").status()).isZero();
    assertThat(
            in(
                    12,
                    "mac=$(cat /sys/class/net/eth0/address); ip link set eth0 address 02:00:00:00:00:77;"
                        + " ping -c 1 -W 2 "
                        + GATEWAY
                        + "; status=$?;"
                        + " ip link set eth0 address $mac; exit $status")
                .status())
        .isNotZero();
    assertThat(reaches(12, GATEWAY)).isTrue();
  }

  /** How far a frame came: past the first hook of the host, and past ours. */
  private String afterSending(byte[] frame) throws Exception {
    sh("nft reset counters table bridge btprobe; nft reset counters table inet btprobe");
    assertThat(in(13, RawFrames.sending(frame)).ok().err()).isEmpty();
    String counted =
        sh("nft list counters table bridge btprobe; nft list counters table inet btprobe");
    return counted
        .lines()
        .filter(line -> line.contains("packets"))
        .map(line -> line.contains("packets 0 ") ? "0" : "1")
        .collect(Collectors.joining());
  }

  private InetAddress address6(int slot) throws Exception {
    return InetAddress.getByName(
        in(slot, "ip -6 -o addr show dev eth0 scope global").ok().out().split("[ /]+", -1)[3]);
  }

  @Test
  @Order(3)
  void rawFramesOfAnotherOrToTheHostItselfGoNowhere() throws Exception {
    String mac = in(13, "cat /sys/class/net/eth0/address").ok().out().strip();
    InetAddress own = address6(13);
    InetAddress friend = address6(14);
    InetAddress own4 = InetAddress.getByName(address(13));
    InetAddress gateway = InetAddress.getByName(GATEWAY);
    sh(
        """
        nft -f - << 'END'
        table bridge btprobe {
          counter seen { }
          counter xpassed { }
          chain first { type filter hook prerouting priority -350; iifname "bg*" ether daddr %1$s counter name seen; }
          chain last { type filter hook prerouting priority 100; iifname "bg*" ether daddr %1$s counter name xpassed; }
        }
        table inet btprobe {
          counter seen { }
          counter xpassed { }
          chain first { type filter hook prerouting priority -350; iifname "bg*" counter name seen; }
          chain last { type filter hook input priority 300; iifname "bg*" counter name xpassed; }
        }
        END
        """
            .formatted(RawFrames.NOBODY));
    try {
      assertThat(afterSending(RawFrames.discovery(136, mac, own, own)))
          .as("its own")
          .isEqualTo("1100");
      assertThat(afterSending(RawFrames.discovery(136, mac, own, friend)))
          .as("advertises another")
          .isEqualTo("1000");
      assertThat(afterSending(RawFrames.discovery(135, mac, InetAddress.getByName("::"), friend)))
          .as("probes another's")
          .isEqualTo("1000");
      assertThat(afterSending(RawFrames.discovery(134, mac, own, own)))
          .as("a router")
          .isEqualTo("1000");
      assertThat(afterSending(RawFrames.arpReply(mac, own4))).as("its own, ARP").isEqualTo("1100");
      assertThat(afterSending(RawFrames.arpReply(mac, gateway)))
          .as("the gateway's, ARP")
          .isEqualTo("1000");
      assertThat(afterSending(RawFrames.datagram(mac, RawFrames.NOBODY, gateway, own4)))
          .as("another's IPv4")
          .isEqualTo("1000");
      assertThat(afterSending(RawFrames.unknown(mac))).as("no protocol of ours").isEqualTo("1000");
      assertThat(afterSending(RawFrames.datagram(mac, RawFrames.LINK_LOCAL, own4, gateway)))
          .as("to the port itself")
          .isEqualTo("0010");
    } finally {
      sh("nft delete table bridge btprobe; nft delete table inet btprobe");
    }
  }

  @Test
  @Order(4)
  void theHostServesNamesAndNothingElse() throws Exception {
    assertThat(in(11, ask(GATEWAY, 9911)).status()).isNotZero();
    assertThat(in(11, ask("203.0.113.1", 9911)).status()).isNotZero();
    assertThat(in(11, "getent ahostsv4 m13.vm").ok().out()).startsWith(address(13) + " ");
    assertThat(
            sh("dig +short @" + GATEWAY + " m11.vm; dig +short +tcp @" + GATEWAY + " www.m11.vm"))
        .isEqualTo(address(11) + "\n" + address(11) + "\n");
    assertThat(sh("dig +short @" + GATEWAY + " AAAA m11.vm")).startsWith("fd");
    assertThat(sh("dig +short @" + GATEWAY + " -x " + address(12))).isEqualTo("m12.vm.\n");
    assertThat(sh("dig @" + GATEWAY + " nobody.vm")).contains("NXDOMAIN");
  }

  @Test
  @Order(5)
  void aMachineGoesWhereItMay() throws Exception {
    assertThat(in(11, ask(PRIVATE, 80)).status()).isNotZero();
    host.banger("vm", "set", "m11", "--egress", "all").ok();
    assertThat(in(11, ask(PRIVATE, 80)).ok().out().strip()).isEqualTo("203.0.113.1");
    host.banger("vm", "set", "m11", "--egress", "none").ok();
    assertThat(in(11, ask(INTERNET, 80)).status()).isNotZero();
    assertThat(in(11, ask(INTERNET_6, 81)).status()).isNotZero();
    assertThat(in(11, "getent ahostsv4 m13.vm").status()).isZero();
    host.banger("vm", "set", "m11", "--egress", "internet").ok();
    assertThat(in(11, ask(INTERNET, 80)).ok().out().strip()).isEqualTo("203.0.113.1");
  }

  @Test
  @Order(6)
  void anAddressThatIsNotToBeHadIsRefusedWithItsOwner() throws Exception {
    Host.Result taken = host.banger("vm", "create", "--ip", address(11));
    assertThat(taken.status()).isEqualTo(1);
    assertThat(taken.err()).contains("IN_USE", address(11) + " belongs to VM m11");
    assertThat(host.banger("vm", "create", "--ip", "10.98.0.5").err()).contains("INVALID");
    assertThat(host.banger("vm", "ls", "--all", "--quiet").ok().out().lines()).hasSize(4);
    assertThat(host.banger("vm", "ls").ok().out()).contains(address(11));
  }

  @Test
  @Order(7)
  void whatSomebodyTakesAwayIsThereAgain() throws Exception {
    String rules = table("inet") + table("bridge");
    sh("nft delete table inet " + BRIDGE + "; nft delete table bridge " + BRIDGE);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> (table("inet") + table("bridge")).equals(rules));
    sh("ip link delete " + BRIDGE);
    await().atMost(Duration.ofSeconds(20)).until(() -> reaches(11, GATEWAY));
    assertThat(in(11, ask(INTERNET, 80)).ok().out().strip()).isEqualTo("203.0.113.1");
    assertThat(reaches(13, address(14))).isTrue();
    assertThat(reaches(11, address(12))).isFalse();
  }

  /** Elements of a set have no order. */
  private static String table(String family) throws Exception {
    String listed = sh("nft list table " + family + " " + BRIDGE + " 2> /dev/null || true");
    return listed
        .lines()
        .flatMap(line -> java.util.Arrays.stream(line.strip().split(", *", -1)))
        .filter(part -> !part.contains(" expires ")) // what was seen of packets
        .map(part -> part.replaceAll("elements = \\{|[{}]", "").strip())
        .filter(part -> !part.isEmpty())
        .sorted()
        .collect(Collectors.joining("\n"));
  }

  @Test
  @Order(7)
  void aPublishedPortIsReachedFromOutsideUntilItIsTakenBack() throws Exception {
    in(
            11,
            "setsid perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8080,"
                + " Listen => 5, ReuseAddr => 1) or die; while ($c = $s->accept) { print $c \"m11\\n\";"
                + " close $c }' < /dev/null > /dev/null 2>&1 &")
        .ok();
    String call = "ip netns exec bti timeout 5 socat -u TCP:203.0.113.1:18088 - 2> /dev/null; true";
    assertThat(sh(call)).isEmpty();
    host.banger("vm", "publish", "m11", "0.0.0.0:18088:8080").ok();
    await().atMost(Duration.ofSeconds(20)).until(() -> sh(call).equals("m11\n"));
    host.banger("vm", "unpublish", "m11", "18088:8080").ok();
    assertThat(sh(call)).isEmpty();
  }

  @Test
  @Order(8)
  void aKilledDaemonsMachinesKeepTheirNetworkAndTheNextOneTidiesUp() throws Exception {
    sh("kill -9 " + host.daemonPid());
    host.banger("vm", "ls").ok();
    assertThat(in(11, ask(INTERNET, 80)).ok().out().strip()).isEqualTo("203.0.113.1");
    assertThat(sh("dig +short @" + GATEWAY + " m11.vm").strip()).isEqualTo(address(11));
    host.banger("vm", "stop", "--force", "m12").ok();
    assertThat(sh("dig +short @" + GATEWAY + " m12.vm")).isEmpty();
    host.banger("vm", "start", "m12").ok();
    assertThat(sh("dig +short @" + GATEWAY + " m12.vm").strip()).isEqualTo(address(12));
    assertThat(reaches(12, GATEWAY)).isTrue();
  }

  @Test
  @Order(9)
  void afterTheLastMachineTheHostIsAsItWas() throws Exception {
    for (int slot : SLOTS) {
      host.banger("vm", "delete", "--force", "m" + slot).ok();
    }
    host.banger("daemon", "stop").ok();
    sh("ip link delete bti0; ip netns delete bti");
    assertThat(state()).isEqualTo(before);
    sh("ip netns add bti && ip link add bti0 type veth peer name bti1 netns bti"); // as the end
    // expects
  }
}
