package dev.banger.net.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.ReverseMap;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

class DnsServerTest {
  private static final InetAddress SOMEBODY = InetAddress.ofLiteral("10.87.0.9");
  @TempDir Path directory;
  private DnsServer server;

  /** One VM, web, at 10.87.0.2; and bare, which has no address now. */
  private static final class Fixed implements Names {
    @Override
    public List<InetAddress> addresses(String vm) {
      return vm.equals("web")
          ? List.of(InetAddress.ofLiteral("10.87.0.2"), InetAddress.ofLiteral("fd00::2"))
          : List.of();
    }

    @Override
    public boolean exists(String vm) {
      return vm.equals("web") || vm.equals("bare");
    }

    @Override
    public boolean isOurs(InetAddress address) {
      return address.getHostAddress().startsWith("10.87.");
    }

    @Override
    public Optional<String> name(InetAddress address) throws BangerException {
      return address.getHostAddress().equals("10.87.0.2") ? Optional.of("web") : Optional.empty();
    }
  }

  @BeforeEach
  void aServerWithoutAnyAbove() throws Exception {
    Path none = Files.writeString(directory.resolve("resolv.conf"), "# nobody\n");
    server = new DnsServer(new Fixed(), new Upstream(none, Clock.systemUTC()), Gate.OPEN);
  }

  private Message ask(String name, int type) throws Exception {
    Message query = Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    return new Message(server.answer(query.toWire(), SOMEBODY, false).orElseThrow());
  }

  private static List<String> answers(Message reply) {
    return reply.getSection(Section.ANSWER).stream().map(Record::rdataToString).toList();
  }

  @Test
  void aMachineIsKnownByItsNameInBothFamiliesAndAllBelowIt() throws Exception {
    assertThat(answers(ask("web.vm.", Type.A))).containsExactly("10.87.0.2");
    assertThat(answers(ask("WEB.vm.", Type.AAAA))).containsExactly("fd00:0:0:0:0:0:0:2");
    assertThat(answers(ask("a.b.web.vm.", Type.A))).containsExactly("10.87.0.2");
    assertThat(ask("web.vm.", Type.A).getHeader().getFlag(Flags.AA)).isTrue();
  }

  @Test
  void anAddressHasItsMachinesName() throws Exception {
    assertThat(answers(ask("2.0.87.10.in-addr.arpa.", Type.PTR))).containsExactly("web.vm.");
    assertThat(ask("9.0.87.10.in-addr.arpa.", Type.PTR).getRcode()).isEqualTo(Rcode.NXDOMAIN);
  }

  @Test
  void theUnknownIsNoDomainAndTheKnownWithoutAnAddressIsEmpty() throws Exception {
    assertThat(ask("nobody.vm.", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    Message bare = ask("bare.vm.", Type.A);
    assertThat(bare.getRcode()).isEqualTo(Rcode.NOERROR);
    assertThat(answers(bare)).isEmpty();
    assertThat(bare.getSection(Section.AUTHORITY)).hasSize(1);
    assertThat(answers(ask("web.vm.", Type.MX))).isEmpty();
    assertThat(ask("web.vm.", Type.MX).getRcode()).isEqualTo(Rcode.NOERROR);
  }

  @Test
  void whereNobodyIsAboveTheRestFails() throws Exception {
    assertThat(ask("example.org.", Type.A).getRcode()).isEqualTo(Rcode.SERVFAIL);
  }

  @Test
  void aServerThatResolvConfNamesItselfIsNotItsOwnUpstream() throws Exception {
    try (DatagramSocket silent =
        new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.78"), 0))) {
      InetSocketAddress self = (InetSocketAddress) silent.getLocalSocketAddress();
      Upstream alone = new Upstream(List.of(self), Clock.systemUTC());
      alone.exclude(self);
      silent.setSoTimeout(1);
      Message query =
          Message.newQuery(Record.newRecord(Name.fromString("example.org."), Type.A, DClass.IN));
      assertThat(alone.ask(query)).isEmpty();
      assertThatThrownBy(() -> silent.receive(new DatagramPacket(new byte[512], 512)))
          .isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void addressesOfOneLinkHaveNoNamesAndNobodyElseIsAsked() throws Exception {
    for (String address : List.of("fe80::1", "169.254.1.1")) {
      String name = ReverseMap.fromAddress(InetAddress.ofLiteral(address)).toString();
      assertThat(ask(name, Type.PTR).getRcode()).as(name).isEqualTo(Rcode.NXDOMAIN);
    }
  }

  @Test
  void whoSpeaksEdnsIsAnsweredSoAndWhoDoesNotIsNot() throws Exception {
    Message query =
        Message.newQuery(Record.newRecord(Name.fromString("web.vm."), Type.A, DClass.IN));
    query.addRecord(new OPTRecord(4096, 0, 0), Section.ADDITIONAL);
    assertThat(new Message(server.answer(query.toWire(), SOMEBODY, false).orElseThrow()).getOPT())
        .isNotNull();
    assertThat(ask("web.vm.", Type.A).getOPT()).isNull();
  }

  @Test
  void whatIsNoQuestionIsNotAnswered() throws Exception {
    assertThat(server.answer(new byte[] {1, 2, 3}, SOMEBODY, false)).isEmpty();
    assertThat(server.answer(new byte[0], SOMEBODY, true)).isEmpty();
    Message reply = ask("web.vm.", Type.A);
    assertThat(server.answer(reply.toWire(), SOMEBODY, false)).isEmpty();
  }

  @Test
  void whatIsAskedAboveIsAskedOnce() throws Exception {
    InetAddress address = InetAddress.ofLiteral("127.0.0.77");
    Message query =
        Message.newQuery(Record.newRecord(Name.fromString("web.vm."), Type.A, DClass.IN));
    Upstream upstream;
    Upstream nobody = new Upstream(List.of(), Clock.systemUTC());
    try (DnsServer above = new DnsServer(new Fixed(), nobody, Gate.OPEN)) {
      int port = above.listen(address, 0);
      upstream = new Upstream(List.of(new InetSocketAddress(address, port)), Clock.systemUTC());
      assertThat(answers(upstream.ask(query).orElseThrow())).containsExactly("10.87.0.2");
    }
    assertThat(answers(upstream.ask(query).orElseThrow())).containsExactly("10.87.0.2");
  }

  @Test
  void whoAsksTooMuchAtOnceHoldsUpNobodyElse() throws Exception {
    int part = 64;
    try (DatagramSocket silent = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.78"));
        ExecutorService askers = Executors.newVirtualThreadPerTaskExecutor()) {
      silent.setSoTimeout(10_000);
      InetSocketAddress above = (InetSocketAddress) silent.getLocalSocketAddress();
      server =
          new DnsServer(new Fixed(), new Upstream(List.of(above), Clock.systemUTC()), Gate.OPEN);
      for (int i = 0; i < part; i++) {
        byte[] query = query("a" + i + ".example.");
        Future<?> _ = askers.submit(() -> server.answer(query, SOMEBODY, false));
      }
      Set<String> asked = new HashSet<>();
      while (asked.size() < part) {
        asked.add(received(silent));
      }
      assertThat(server.answer(query("more.example."), SOMEBODY, false)).isEmpty();
      assertThat(answers(ask("web.vm.", Type.A))).containsExactly("10.87.0.2");
      InetAddress other = InetAddress.ofLiteral("10.87.0.10");
      byte[] query = query("other.example.");
      Future<?> _ = askers.submit(() -> server.answer(query, other, false));
      while (!asked.contains("other.example.")) {
        asked.add(received(silent)); // others are asked for again meanwhile
      }
      assertThat(asked).hasSize(part + 1);
    }
  }

  private static byte[] query(String name) throws Exception {
    return Message.newQuery(Record.newRecord(Name.fromString(name), Type.A, DClass.IN)).toWire();
  }

  private static String received(DatagramSocket socket) throws Exception {
    DatagramPacket packet = new DatagramPacket(new byte[512], 512);
    socket.receive(packet);
    Message query = new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
    return query.getQuestion().getName().toString();
  }
}
