package dev.banger.job;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Published ports of one real VM, as clients of the host see them. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PortsHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long MEGABYTES = 50;

  private static final boolean PASST = Files.isExecutable(Path.of("/usr/bin/passt"));

  private static Host host;
  private static int loopbackBound;
  private static int interfaceBound;
  private static int udp;
  private static int names;

  @BeforeAll
  static void open() throws Exception {
    names = freePort();
    host =
        Host.open()
            .configure(
                """
                [network]
                mode = "user"
                dns = "127.0.0.1:%d"
                user = "%s"
                """
                    .formatted(names, PASST ? "passt" : "qemu"));
    loopbackBound = freePort();
    interfaceBound = freePort();
    udp = freePort();
  }

  @AfterAll
  static void close() throws Exception {
    host.close();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Host.Result guest(String line) throws Exception {
    return host.banger("vm", "exec", "web", "--", "sh", "-c", line);
  }

  /** A server of the guest, in perl, which every Debian has. */
  private static void serve(String perl) throws Exception {
    guest("setsid perl -MIO::Socket::INET -e '" + perl + "' </dev/null >/dev/null 2>&1 &").ok();
  }

  private static String tcpServer(String address, int port, String answer) {
    return "$SIG{CHLD}=\"IGNORE\"; $s=IO::Socket::INET->new(LocalAddr=>\""
        + address
        + "\",LocalPort=>"
        + port
        + ",Listen=>100,ReuseAddr=>1) or die;"
        + "while($c=$s->accept){if(!fork){"
        + answer
        + ";exit}close $c}";
  }

  /** Until the server that has just been started answers. */
  private static String read(int port) throws Exception {
    long until = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
        client.setSoTimeout((int) LIMIT.toMillis());
        return new String(client.getInputStream().readAllBytes(), UTF_8);
      } catch (IOException e) {
        if (System.nanoTime() > until) {
          throw e;
        }
        Thread.sleep(100); // the server begins
      }
    }
  }

  @Test
  @Order(1)
  void aPortThatSomebodyHasIsRefusedBeforeAnythingIsMade() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Host.Result refused =
          host.banger("vm", "create", "web", "-p", taken.getLocalPort() + ":80", "--json");
      assertThat(refused.status()).isEqualTo(1);
      assertThat(refused.err())
          .contains("IN_USE", "(pid " + ProcessHandle.current().pid() + ") listens there");
    }
    assertThat(host.banger("vm", "ls", "-a", "-q").ok().out()).isEmpty();
  }

  @Test
  @Order(2)
  void serversOnLoopbackAndOnTheInterfaceAreReached() throws Exception {
    host.banger(
            "vm",
            "create",
            "web",
            "--start",
            "--init-mode",
            "agent",
            "-p",
            loopbackBound + ":8001",
            "-p",
            udp + ":5353/udp")
        .ok();
    serve(tcpServer("127.0.0.1", 8001, "print $c \"from loopback\""));
    serve(tcpServer("10.0.2.15", 8002, "print $c \"from the interface\""));
    assertThat(read(loopbackBound)).isEqualTo("from loopback");
    Host.Result published = host.banger("vm", "publish", "web", interfaceBound + ":8002", "8003");
    assertThat(published.ok().out())
        .contains("127.0.0.1:" + interfaceBound + " -> 8002/tcp", " -> 8003/tcp");
    assertThat(read(interfaceBound)).isEqualTo("from the interface");
    assertThat(host.banger("vm", "show", "web").ok().out())
        .contains("publishes    127.0.0.1:" + loopbackBound + ":8001/tcp");
  }

  @Test
  @Order(3)
  void datagramsGoBothWaysAlsoToAServerOnTheInterface() throws Exception {
    serve(
        "$s=IO::Socket::INET->new(Proto=>\"udp\",LocalAddr=>\"10.0.2.15\",LocalPort=>5353) or die;"
            + "while($s->recv($b,65535)){$s->send(\"heard $b\")}");
    try (DatagramSocket client = new DatagramSocket()) {
      client.connect(InetAddress.getLoopbackAddress(), udp);
      client.setSoTimeout(2_000);
      assertThat(ask(client, "one")).isEqualTo("heard one");
      assertThat(ask(client, "x".repeat(9_000))).hasSize(9_006);
    }
  }

  /** Datagrams may be lost, at first because nobody listens yet. */
  private static String ask(DatagramSocket client, String question) throws Exception {
    byte[] bytes = question.getBytes(UTF_8);
    long until = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      client.send(new DatagramPacket(bytes, bytes.length));
      try {
        DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
        client.receive(answer);
        return new String(answer.getData(), 0, answer.getLength(), UTF_8);
      } catch (SocketTimeoutException e) {
        assertThat(System.nanoTime()).as("an answer").isLessThan(until);
      }
    }
  }

  @Test
  @Order(4)
  void manyMegabytesArriveAsTheyAre() throws Exception {
    guest("head -c " + MEGABYTES + "M /dev/urandom > /root/data").ok();
    String sum = guest("sha256sum < /root/data").ok().out().split(" ", 2)[0];
    serve(
        tcpServer(
            "127.0.0.1", 8003, "open F,\"/root/data\"; while(sysread F,$b,65536){print $c $b}"));
    String ports = host.banger("vm", "ports", "web", "--json").ok().out();
    int port =
        Integer.parseInt(ports.replaceAll("(?s).*\"hostPort\":(\\d+),\"guestPort\":8003.*", "$1"));
    assertThat(sha256(port)).isEqualTo(sum);
  }

  private static String sha256(int port) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    long until = System.nanoTime() + LIMIT.toNanos();
    while (System.nanoTime() < until) {
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
          InputStream in = client.getInputStream()) {
        byte[] buffer = new byte[1 << 16];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
          digest.update(buffer, 0, count);
        }
        return HexFormat.of().formatHex(digest.digest());
      } catch (IOException e) {
        digest.reset();
        Thread.sleep(100); // the server begins
      }
    }
    throw new AssertionError("nobody sends the data");
  }

  @Test
  @Order(5)
  void portsShowsTheProcessAndWhereItIsPublished() throws Exception {
    String table = host.banger("vm", "ports", "web").ok().out();
    assertThat(table.lines().findFirst().orElse("")).startsWith("PROTO   ADDRESS");
    assertThat(table.lines())
        .anyMatch(line ->
            line.matches(
                "tcp +127.0.0.1 +8001 +perl \\(\\d+\\) +127.0.0.1:"
                    + loopbackBound
                    + " 127\\.\\d+\\.\\d+\\.\\d+:8001"))
        .anyMatch(line -> line.matches("udp +10.0.2.15 +5353 +perl .*127.0.0.1:" + udp + " .*"));
    assertThat(host.banger("vm", "publish", "web", "9999").ok().out()).contains("9999/tcp");
    assertThat(host.banger("vm", "ports").ok().out().lines())
        .anyMatch(line -> line.matches("tcp +- +9999 +- +127.0.0.1:\\d+"));
    String own =
        host.banger("vm", "ports", "web", "--json")
            .ok()
            .out()
            .replaceAll("(?s).*?\"address\":\"(127[^\"]+)\".*", "$1");
    try (Socket client = new Socket(own, 8002)) {
      client.setSoTimeout((int) LIMIT.toMillis());
      assertThat(client.getInputStream().readAllBytes())
          .isEqualTo("from the interface".getBytes(UTF_8));
    }
  }

  private static String dig(String... question) throws Exception {
    List<String> words = new ArrayList<>(List.of("dig", "@127.0.0.1", "-p", names + "", "+short"));
    words.addAll(List.of(question));
    return host.sh(String.join(" ", words)).ok().out().strip();
  }

  @Test
  @Order(5)
  void theNameLeadsToTheOwnAddress() throws Exception {
    String own = dig("web.vm");
    assertThat(own).matches("127\\.\\d+\\.\\d+\\.\\d+");
    assertThat(dig("-x", own)).isEqualTo("web.vm.");
    assertThat(dig("web.vm", "AAAA")).isEmpty();
    assertThat(host.banger("vm", "ls").ok().out()).contains(own);
    assertThat(host.banger("vm", "show", "web").ok().out())
        .contains("address      " + own, "network      user, by " + (PASST ? "passt" : "qemu"));
    assertThat(host.banger("doctor").out()).contains("NAME.vm is answered at 127.0.0.1 port");
  }

  /** What a server at this address of the host says to the guest that asks at the other. */
  private static String heard(InetAddress bound, String asked) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, bound)) {
      Thread _ = Thread.ofVirtual().start(() -> greet(server));
      return guest(
              "perl -MIO::Socket::INET -e '$s=IO::Socket::INET->new(PeerAddr=>\""
                  + asked
                  + ":"
                  + server.getLocalPort()
                  + "\",Timeout=>5) and print <$s>'; true")
          .ok()
          .out();
    }
  }

  private static void greet(ServerSocket server) {
    while (!server.isClosed()) {
      try (Socket client = server.accept()) {
        client.getOutputStream().write("from the host".getBytes(UTF_8));
      } catch (IOException e) {
        return;
      }
    }
  }

  /** The address that this host goes out by. */
  private static InetAddress outward() throws Exception {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.ofLiteral("192.0.2.99"), 9);
      return socket.getLocalAddress();
    }
  }

  @Test
  @Order(5)
  void aGuestGetsOutAndWithPasstNotToTheHostsLoopback() throws Exception {
    assertThat(heard(outward(), outward().getHostAddress())).isEqualTo("from the host");
    String gateway = heard(InetAddress.getLoopbackAddress(), "10.0.2.2");
    assertThat(gateway.contains("from the host")).isEqualTo(!PASST);
  }

  private static List<Long> passt() {
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().command().orElse("").contains("passt"))
        .filter(process ->
            process
                .parent()
                .flatMap(p -> p.info().commandLine())
                .orElse("")
                .contains(host.home().toString()))
        .map(ProcessHandle::pid)
        .toList();
  }

  @Test
  @Order(6)
  void anotherVmsPortIsRefusedWithItsNameAndNothingOfTheListIsTaken() throws Exception {
    Host.Result refused =
        host.banger("vm", "create", "other", "-p", "7", "-p", loopbackBound + ":80");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("web has it", "banger vm unpublish web");
    Host.Result twice = host.banger("vm", "publish", "web", "7", interfaceBound + ":1");
    assertThat(twice.err()).contains("the VM itself has it");
    assertThat(host.banger("vm", "ports", "web").ok().out()).doesNotContain(" 7 ");
    assertThat(host.banger("vm", "unpublish", "web", "9999").ok().out()).contains("9999/tcp");
    assertThat(host.banger("vm", "unpublish", "web", "9999").err()).contains("publishes no");
  }

  @Test
  @Order(7)
  void thePortsAnswerAgainBehindADaemonThatWasKilled() throws Exception {
    long daemon = host.daemonPid();
    host.sh("kill -9 " + daemon).ok();
    assertThat(host.banger("vm", "ls", "-q").ok().out().strip()).isEqualTo("web");
    assertThat(host.daemonPid()).isNotEqualTo(daemon);
    assertThat(read(loopbackBound)).isEqualTo("from loopback");
    assertThat(read(interfaceBound)).isEqualTo("from the interface");
    assertThat(heard(outward(), outward().getHostAddress())).isEqualTo("from the host");
    assertThat(passt()).hasSize(PASST ? 1 : 0);
    assertThat(dig("web.vm")).startsWith("127.");
  }

  @Test
  @Order(8)
  void whatNobodyServesIsResetAndAStoppedVmListensNowhere() throws Exception {
    guest("pkill -x perl").ok();
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), loopbackBound)) {
      client.setSoTimeout((int) LIMIT.toMillis());
      assertThat(client.getInputStream().read()).as("no byte").isNegative();
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("reset");
    }
    host.banger("vm", "stop", "web", "--force").ok();
    assertThat(passt()).isEmpty();
    assertThat(dig("web.vm")).isEmpty();
    try (ServerSocket free =
        new ServerSocket(interfaceBound, 1, InetAddress.getLoopbackAddress())) {
      assertThat(free.isBound()).isTrue();
      Host.Result refused = host.banger("vm", "start", "web");
      assertThat(refused.err()).contains(interfaceBound + "/tcp", "listens there");
    }
    assertThat(host.banger("vm", "unpublish", "web", "--all").ok().out()).contains("8001/tcp");
    host.banger("vm", "delete", "web").ok();
  }
}
