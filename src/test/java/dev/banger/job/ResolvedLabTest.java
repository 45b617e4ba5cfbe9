package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * In the lab: a VM on a bridge of a host whose names systemd-resolved resolves, by a name server of
 * the world that says 198.51.100.7 to everything.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ResolvedLabTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String WORLD = "192.0.2.1";
  private static final String ANSWER = "198.51.100.7";
  private static final String ADDRESS = "10.99.0.11";

  private final List<String> askedOfTheWorld = new CopyOnWriteArrayList<>();
  private DatagramSocket world;
  private Host host;

  @BeforeAll
  void aMachineAndAWorld() throws Exception {
    sh(
        """
        ip link add world0 type veth peer name world1 && ip addr add 192.0.2.1/24 dev world0
        ip link set world0 up && ip link set world1 up
        resolvectl dns world0 192.0.2.1 && resolvectl domain world0 '~.'
        resolvectl llmnr world0 no && resolvectl mdns world0 no
        """);
    world = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral(WORLD), 53));
    Thread _ = Thread.ofPlatform().daemon().name("world").start(this::answerAll);
    host =
        Host.open()
            .configure(
                """
                accel = "kvm"
                [vm]
                memory = "192M"
                disk = "1G"
                boot_timeout = 120
                [network]
                mode = "bridge"
                subnet = "10.99.0.0/24"
                """);
    host.banger("vm", "create", "web", "--start", "--init-mode", "agent", "--ip", ADDRESS).ok();
  }

  @AfterAll
  void nothingIsLeft() throws Exception {
    try {
      if (host != null) {
        host.close();
      }
    } finally {
      world.close();
      sh("ip link delete world0");
    }
  }

  private void answerAll() {
    byte[] buffer = new byte[4096];
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        world.receive(packet);
        Message query = new Message(Arrays.copyOf(buffer, packet.getLength()));
        var question = query.getQuestion();
        askedOfTheWorld.add(question.getName().toString());
        Message reply = new Message(query.getHeader().getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.getHeader().setFlag(Flags.RA);
        reply.addRecord(question, Section.QUESTION);
        if (question.getType() == Type.A) {
          reply.addRecord(
              new ARecord(question.getName(), DClass.IN, 1, InetAddress.ofLiteral(ANSWER)),
              Section.ANSWER);
        }
        byte[] wire = reply.toWire();
        world.send(new DatagramPacket(wire, wire.length, packet.getSocketAddress()));
      }
    } catch (IOException e) {
      return; // it was closed
    }
  }

  private static String sh(String line) throws Exception {
    Process process = new ProcessBuilder("bash", "-ec", line).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(line + ": " + said).isZero();
    return said;
  }

  /** What a program of the host gets for a name; empty: nothing. */
  private static String resolve(String name) throws Exception {
    return sh("getent ahostsv4 " + name + " | awk 'NR == 1 { print $1 }'").strip();
  }

  private static void awaitTheName() {
    await().atMost(LIMIT).untilAsserted(() -> assertThat(resolve("web.vm")).isEqualTo(ADDRESS));
  }

  @Test
  @Order(1)
  void programsOfTheHostKnowAMachineByItsNameAndTheWorldDoesNotHearOfIt() throws Exception {
    awaitTheName();
    assertThat(sh("resolvectl query --cache=no web.vm")).contains(ADDRESS, "banger0");
    assertThat(resolve("deep.below.web.vm")).isEqualTo(ADDRESS);
    assertThat(resolve("nobody.vm")).isEmpty();
    assertThat(sh("getent hosts " + ADDRESS)).contains("web.vm");
    assertThat(resolve("www.example.org")).isEqualTo(ANSWER);
    assertThat(askedOfTheWorld).contains("www.example.org.").noneMatch(n -> n.endsWith("vm."));
    assertThat(host.banger("doctor").ok().out())
        .containsPattern("names by the bridge.*systemd-resolved asks 10.99.0.1");
  }

  @Test
  @Order(2)
  void aMachineResolvesTheWorldThroughTheHostsResolverWithoutALoop() throws Exception {
    assertThat(sh("cat /etc/resolv.conf")).contains("nameserver 127.0.0.53");
    assertThat(sh("dig +short @10.99.0.1 inner.example.org").strip()).isEqualTo(ANSWER);
    assertThat(sh("dig +tries=1 @10.99.0.1 -x fe80::1234")).contains("NXDOMAIN");
    assertThat(
            host.banger("vm", "exec", "-n", "web", "--", "getent", "ahostsv4", "guest.example.org")
                .ok()
                .out())
        .startsWith(ANSWER);
  }

  @Test
  @Order(3)
  void aResolverThatBeginsAnewIsToldAgain() throws Exception {
    sh("systemctl restart systemd-resolved");
    awaitTheName();
    // With nothing of what it remembers over a restart.
    sh(
        "systemctl stop systemd-resolved; rm -rf /run/systemd/resolve/netif/*;"
            + " systemctl start systemd-resolved");
    awaitTheName();
    assertThat(sh("resolvectl default-route banger0")).contains("no");
  }

  @Test
  @Order(4)
  void aBridgeMadeAnewIsToldAgain() throws Exception {
    String before = sh("cat /sys/class/net/banger0/ifindex");
    sh("ip link delete banger0");
    awaitTheName();
    assertThat(sh("cat /sys/class/net/banger0/ifindex")).isNotEqualTo(before);
  }

  @Test
  @Order(5)
  void aDaemonThatEndsTakesItBackAndTheNextOneTellsItAgain() throws Exception {
    host.banger("daemon", "stop").ok();
    assertThat(sh("resolvectl domain banger0; resolvectl dns banger0"))
        .doesNotContain("vm")
        .doesNotContain("10.99.0.1");
    host.banger("vm", "ls").ok();
    awaitTheName();
    host.banger("vm", "delete", "--force", "web").ok();
    // What the host's resolver remembers it forgets after the 5 s that an answer holds.
    await().atMost(LIMIT).untilAsserted(() -> assertThat(resolve("web.vm")).isNotEqualTo(ADDRESS));
    host.banger("daemon", "stop").ok();
    assertThat(sh("resolvectl status; ip link")).doesNotContain("banger0").doesNotContain("~vm");
  }
}
