package dev.banger.net.port;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class DirectDialerTest {
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();

  /** Before its scope ends. */
  private static void close(Closeable server) throws IOException {
    server.close();
  }

  @Test
  void aServerAtTheAddressIsReachedDirectlyAndAnyOtherTheOtherWay() throws Exception {
    try (FakeGuest other = new FakeGuest();
        ServerSocket server = new ServerSocket(0, 5, HERE)) {
      GuestDialer dialer = new DirectDialer(HERE, other);
      try (GuestLink link = dialer.dial(server.getLocalPort());
          Socket inside = server.accept()) {
        link.output().write("question".getBytes(UTF_8));
        link.closeOutput();
        assertThat(inside.getInputStream().readAllBytes()).isEqualTo("question".getBytes(UTF_8));
        inside.getOutputStream().write(7);
        assertThat(link.input().read()).isEqualTo(7);
      }
      close(server);
      try (GuestLink link = dialer.dial(server.getLocalPort());
          Socket inside = other.next()) {
        inside.getOutputStream().write(8);
        assertThat(link.input().read()).isEqualTo(8);
      }
    }
  }

  @Test
  void datagramsThatNobodyTakesEndTheirLink() throws Exception {
    try (FakeGuest other = new FakeGuest();
        DatagramSocket server = new DatagramSocket(0, HERE)) {
      GuestDialer dialer = new DirectDialer(HERE, other);
      int port = server.getLocalPort();
      try (DatagramLink link = dialer.datagrams(port, 0).orElseThrow()) {
        link.send("one".getBytes(UTF_8));
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        server.receive(packet);
        assertThat(packet.getLength()).isEqualTo(3);
        server.send(packet);
        assertThat(link.receive()).isEqualTo("one".getBytes(UTF_8));
      }
      close(server);
      try (DatagramLink link = dialer.datagrams(port, 0).orElseThrow()) {
        link.send(new byte[1]);
        assertThatThrownBy(link::receive).isInstanceOf(IOException.class);
      }
      assertThat(dialer.datagrams(port, 1)).isPresent();
      assertThat(other.attempts).containsExactly(port + "@0");
    }
  }
}
