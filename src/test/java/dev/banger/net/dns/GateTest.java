package dev.banger.net.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedErrorCodeOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** A name server whose guests may ask for some names only, below one that knows a few. */
class GateTest {
  private static final InetAddress VM = InetAddress.ofLiteral("10.87.0.9");
  private static final Name LISTED = Name.fromConstantString("listed.example.");
  private static final Name ALIAS = Name.fromConstantString("cdn.example.");

  private final List<Gate.Told> told = new ArrayList<>();
  private boolean answers = true;
  private DatagramSocket above = socket();
  private DnsServer server = server();

  private static DatagramSocket socket() {
    try {
      return new DatagramSocket(0, InetAddress.getLoopbackAddress());
    } catch (SocketException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DnsServer server() {
    InetSocketAddress upstream =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), above.getLocalPort());
    Upstream asked = new Upstream(List.of(upstream), Clock.systemUTC());
    return new DnsServer(
        new Nobody(), asked, from -> from.equals(VM) ? guest : Gate.Asker.STRANGER);
  }

  /** There is no VM. */
  private static final class Nobody implements Names {
    @Override
    public List<InetAddress> addresses(String vm) {
      return List.of();
    }

    @Override
    public boolean exists(String vm) {
      return false;
    }

    @Override
    public boolean isOurs(InetAddress address) {
      return false;
    }

    @Override
    public Optional<String> name(InetAddress address) {
      return Optional.empty();
    }
  }

  private final Gate.Asker guest =
      new Gate.Asker() {
        @Override
        public boolean mayAsk(String name) {
          return name.equals("listed.example");
        }

        @Override
        public boolean isWatched() {
          return true;
        }

        @Override
        public boolean isTold(Gate.Told what) {
          told.add(what);
          return answers;
        }
      };

  @BeforeEach
  void aServerAbove() {
    Map<String, List<Record>> zone =
        Map.of(
            "listed.example. A",
            List.of(
                new CNAMERecord(LISTED, DClass.IN, 300, ALIAS),
                new ARecord(ALIAS, DClass.IN, 700_000, InetAddress.ofLiteral("198.51.100.7")),
                new ARecord(ALIAS, DClass.IN, 700_000, InetAddress.ofLiteral("198.51.100.8")),
                new ARecord(
                    Name.fromConstantString("other.example."),
                    DClass.IN,
                    5,
                    InetAddress.ofLiteral("198.51.100.66"))),
            "listed.example. AAAA",
            List.of(new CNAMERecord(LISTED, DClass.IN, 300, ALIAS)),
            "cdn.example. AAAA",
            List.of(new AAAARecord(ALIAS, DClass.IN, 60, InetAddress.ofLiteral("2001:db8::7"))));
    Thread _ = Thread.ofVirtual().start(() -> serve(zone));
  }

  private void serve(Map<String, List<Record>> zone) {
    byte[] buffer = new byte[4096];
    while (!above.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
        above.receive(packet);
        Message query = new Message(Arrays.copyOf(buffer, packet.getLength()));
        Record question = query.getQuestion();
        Message reply = new Message(query.getHeader().getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.addRecord(question, Section.QUESTION);
        String key = Chain.text(question.getName()) + ". " + Type.string(question.getType());
        zone.getOrDefault(key, List.of()).forEach(r -> reply.addRecord(r, Section.ANSWER));
        byte[] wire = reply.toWire();
        above.send(new DatagramPacket(wire, wire.length, packet.getSocketAddress()));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  @AfterEach
  void nobodyIsAbove() {
    above.close();
    server.close();
  }

  private Message ask(InetAddress from, String name, int type) throws Exception {
    Message query = Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
    query.addRecord(new OPTRecord(1232, 0, 0), Section.ADDITIONAL);
    return new Message(server.answer(query.toWire(), from, false).orElseThrow());
  }

  @Test
  void theGateHearsOfTheAddressesOfTheChainAndOfNoOthers() throws Exception {
    Message reply = ask(VM, "LISTED.example.", Type.A);
    assertThat(reply.getSection(Section.ANSWER)).hasSize(4);
    assertThat(told)
        .containsExactly(
            new Gate.Told(
                "listed.example",
                List.of("cdn.example"),
                List.of(
                    InetAddress.ofLiteral("198.51.100.7"), InetAddress.ofLiteral("198.51.100.8")),
                Duration.ofMinutes(5)));
    assertThat(reply.getSection(Section.ANSWER)).allMatch(record -> record.getTTL() <= 86_400);
  }

  @Test
  void aChainThatEndsWithAnAliasIsFollowed() throws Exception {
    Message reply = ask(VM, "listed.example.", Type.AAAA);
    assertThat(reply.getSection(Section.ANSWER)).hasSize(2);
    assertThat(told.getFirst().addresses()).containsExactly(InetAddress.ofLiteral("2001:db8::7"));
    assertThat(told.getFirst().lives()).isEqualTo(Duration.ofMinutes(1));
  }

  @Test
  void whatMayNotBeAskedForIsNoDomainAndSaysWhy() throws Exception {
    Message reply = ask(VM, "evil.example.", Type.A);
    assertThat(reply.getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(reply.getSection(Section.AUTHORITY)).isEmpty();
    ExtendedErrorCodeOption why = (ExtendedErrorCodeOption) reply.getOPT().getOptions().getFirst();
    assertThat(why.getErrorCode()).isEqualTo(ExtendedErrorCodeOption.PROHIBITED);
    assertThat(why.getText()).contains("--egress");
    assertThat(ask(VM, "cdn.example.", Type.AAAA).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(told).isEmpty();
  }

  @Test
  void whoIsNobodysVmGetsNamesOfVmsOnly() throws Exception {
    InetAddress stranger = InetAddress.ofLiteral("10.87.0.200");
    assertThat(ask(stranger, "listed.example.", Type.A).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(ask(stranger, "vm.", Type.SOA).getRcode()).isEqualTo(Rcode.NOERROR);
  }

  @Test
  void anAnswerThatTheFilterDoesNotKnowIsNotGiven() throws Exception {
    answers = false;
    Message reply = ask(VM, "listed.example.", Type.A);
    assertThat(reply.getRcode()).isEqualTo(Rcode.SERVFAIL);
    assertThat(reply.getSection(Section.ANSWER)).isEmpty();
  }
}
