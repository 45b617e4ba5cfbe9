package dev.banger.net.port;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.store.PublicationRow.Protocol;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class UdpRelayTest {
  private static final Duration IDLE = Duration.ofMillis(300);
  private static final Duration LONG = Duration.ofMinutes(1);

  private FakeGuest guest;
  private DatagramChannel socket;
  private UdpRelay relay;

  @BeforeEach
  void open() throws Exception {
    guest = new FakeGuest();
    open(LONG);
  }

  private void open(Duration idle) throws Exception {
    int port;
    try (DatagramSocket free = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    socket = new HostSockets().receive(new HostSockets.Place(Protocol.UDP, "127.0.0.1", port));
    relay = new UdpRelay(socket, 53, new Slots("web"), "web", idle);
    relay.serve(guest);
  }

  @AfterEach
  void close() throws Exception {
    relay.close();
    guest.close();
  }

  private DatagramSocket client() throws Exception {
    DatagramSocket client = new DatagramSocket();
    client.connect(InetAddress.getLoopbackAddress(), socket.socket().getLocalPort());
    client.setSoTimeout(10_000);
    return client;
  }

  private static String ask(DatagramSocket client, String question) throws Exception {
    byte[] bytes = question.getBytes(UTF_8);
    client.send(new DatagramPacket(bytes, bytes.length));
    DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
    client.receive(answer);
    return new String(answer.getData(), 0, answer.getLength(), UTF_8);
  }

  @Test
  void everyClientGetsItsOwnAnswers() throws Exception {
    try (DatagramSocket one = client();
        DatagramSocket other = client()) {
      assertThat(ask(one, "one")).isEqualTo("one");
      assertThat(ask(other, "other")).isEqualTo("other");
      assertThat(ask(one, "x".repeat(60_000))).hasSize(60_000);
    }
    assertThat(guest.attempts).hasSize(2);
  }

  @Test
  void aServerIsLookedForAtEachAddressAndRemembered() throws Exception {
    guest.answersAt = 2;
    try (DatagramSocket one = client();
        DatagramSocket other = client()) {
      assertThat(ask(one, "hello")).isEqualTo("hello");
      assertThat(guest.attempts).containsExactly("53@0", "53@1", "53@2");
      guest.attempts.clear();
      assertThat(ask(other, "hello")).isEqualTo("hello");
      assertThat(guest.attempts).containsExactly("53@2");
    }
  }

  @Test
  void aSilentClientIsForgotten() throws Exception {
    relay.close();
    open(IDLE);
    try (DatagramSocket client = client()) {
      assertThat(ask(client, "one")).isEqualTo("one");
      assertThat(guest.attempts.poll(1, TimeUnit.SECONDS)).isEqualTo("53@0");
      Thread.sleep(IDLE.multipliedBy(3)); // what is tested is that time passes
      assertThat(ask(client, "two")).isEqualTo("two");
      assertThat(guest.attempts.poll(1, TimeUnit.SECONDS)).isEqualTo("53@0");
    }
  }

  @Test
  void whenNobodyListensTheNextDatagramLooksAgain() throws Exception {
    guest.answersAt = -1;
    try (DatagramSocket client = client()) {
      byte[] lost = {1};
      client.send(new DatagramPacket(lost, 1));
      for (int i = 0; i < 4; i++) {
        assertThat(guest.attempts.poll(10, TimeUnit.SECONDS)).isEqualTo("53@" + i);
      }
      guest.answersAt = 0;
      client.setSoTimeout(500);
      String answer = "";
      for (int i = 0; i < 10 && answer.isEmpty(); i++) {
        try {
          answer = ask(client, "again");
        } catch (SocketTimeoutException e) {
          // the flow was just ending: as with any lost datagram, the client asks again
        }
      }
      assertThat(answer).isEqualTo("again");
    }
  }

  @Test
  void theLongestSilentClientMakesWay() throws Exception {
    List<DatagramSocket> clients = new ArrayList<>();
    for (int i = 0; i < Slots.FLOWS + 10; i++) {
      DatagramSocket client = client();
      clients.add(client);
      assertThat(ask(client, "c" + i)).isEqualTo("c" + i);
    }
    clients.forEach(DatagramSocket::close);
  }
}
