package dev.banger.net.port;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.store.PublicationRow.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TcpRelayTest {
  private final HostSockets sockets = new HostSockets();
  private FakeGuest guest;
  private ServerSocketChannel server;
  private TcpRelay relay;

  @BeforeEach
  void open() throws Exception {
    guest = new FakeGuest();
    int port = freePort();
    server = sockets.listen(new HostSockets.Place(Protocol.TCP, "127.0.0.1", port));
    relay = new TcpRelay(server, 80, new Slots("web"), "web");
    relay.serve(guest);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @AfterEach
  void close() throws Exception {
    relay.close();
    guest.close();
  }

  private Socket client() throws IOException {
    Socket client = new Socket(InetAddress.getLoopbackAddress(), server.socket().getLocalPort());
    client.setSoTimeout((int) Duration.ofSeconds(20).toMillis());
    return client;
  }

  @Test
  void eachSideEndsItsOwnDirection() throws Exception {
    try (Socket client = client();
        Socket inside = guest.next()) {
      client.getOutputStream().write("question".getBytes(UTF_8));
      client.shutdownOutput();
      assertThat(inside.getInputStream().readAllBytes()).isEqualTo("question".getBytes(UTF_8));
      inside.getOutputStream().write("answer".getBytes(UTF_8));
      inside.shutdownOutput();
      assertThat(client.getInputStream().readAllBytes()).isEqualTo("answer".getBytes(UTF_8));
    }
  }

  @Test
  void theServerMayEndFirst() throws Exception {
    try (Socket client = client();
        Socket inside = guest.next()) {
      inside.getOutputStream().write("greeting".getBytes(UTF_8));
      inside.shutdownOutput();
      assertThat(client.getInputStream().readAllBytes()).isEqualTo("greeting".getBytes(UTF_8));
      client.getOutputStream().write("late".getBytes(UTF_8));
      client.shutdownOutput();
      assertThat(inside.getInputStream().readAllBytes()).isEqualTo("late".getBytes(UTF_8));
    }
  }

  @Test
  void manyBytesArriveAsTheyWereSent() throws Exception {
    byte[] bytes = new byte[20_000_000];
    new Random(1).nextBytes(bytes);
    try (Socket client = client();
        Socket inside = guest.next()) {
      Thread writer =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  client.getOutputStream().write(bytes);
                  client.shutdownOutput();
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      assertThat(inside.getInputStream().readAllBytes()).isEqualTo(bytes);
      writer.join();
    }
  }

  @Test
  void aServerThatDoesNotReadStopsTheClient() throws Exception {
    try (Socket client = client();
        Socket inside = guest.next()) {
      byte[] piece = new byte[1 << 16];
      long[] sent = {0};
      Thread writer =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  while (sent[0] < (256 << 20)) {
                    client.getOutputStream().write(piece);
                    sent[0] += piece.length;
                  }
                } catch (IOException e) {
                  // closed by the test
                }
              });
      boolean over = writer.join(Duration.ofSeconds(2));
      assertThat(over).isFalse();
      assertThat(sent[0]).isLessThan(64 << 20);
      assertThat(inside.getInputStream().readNBytes(1 << 20)).hasSize(1 << 20);
    }
  }

  @Test
  void whatTheGuestRefusesIsResetAndDoesNotHang() throws Exception {
    guest.refuses = true;
    try (Socket client = client()) {
      assertThatThrownBy(() -> client.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
    }
  }

  private static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Test
  void aResetOfOneSideReachesTheOther() throws Exception {
    try (Socket client = client();
        Socket inside = guest.next()) {
      reset(inside);
      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
    }
    try (Socket client = client();
        Socket inside = guest.next()) {
      reset(client);
      inside.setSoTimeout(20_000);
      assertThatThrownBy(() -> inside.getInputStream().read()).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void moreThanThereIsRoomForWaitAndLoseNothing() throws Exception {
    List<Thread> clients = new ArrayList<>();
    AtomicInteger answered = new AtomicInteger();
    for (int i = 0; i < Slots.CONNECTIONS + 40; i++) {
      int number = i % 100;
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                try (Socket client = client()) {
                  client.getOutputStream().write(number);
                  answered.addAndGet(client.getInputStream().read() == number ? 1 : 0);
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              }));
    }
    for (int i = 0; i < clients.size(); i++) {
      try (Socket inside = guest.next()) { // in turn: a place is free for the next
        inside.getOutputStream().write(inside.getInputStream().read());
      }
    }
    for (Thread client : clients) {
      client.join();
    }
    assertThat(answered).hasValue(clients.size());
  }

  @Test
  void itsEndEndsWhatGoesThroughIt() throws Exception {
    try (Socket client = client();
        Socket inside = guest.next()) {
      relay.close();
      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
      inside.setSoTimeout(20_000);
      assertThatThrownBy(() -> inside.getInputStream().read()).isInstanceOf(SocketException.class);
      assertThatThrownBy(this::client).isInstanceOf(IOException.class);
    }
  }
}
