package dev.banger.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real agent, as an ordinary process on a Unix socket: statistics, files and sockets. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GuestServicesHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path directory;
  private AgentProcess agent;
  private Guest guest;

  @BeforeEach
  void start() throws Exception {
    agent = AgentProcess.start();
    guest = agent.configure(Map.of());
  }

  @AfterEach
  void stop() throws Exception {
    try {
      assertThat(agent.isAlive()).isTrue();
      guest.close();
    } finally {
      agent.stop();
    }
  }

  @Test
  void theStatisticsAreThoseOfTheMachine() throws Exception {
    GuestStats stats = guest.stats();
    assertThat(stats.cpus()).isEqualTo(Runtime.getRuntime().availableProcessors());
    assertThat(stats.memory().total()).isGreaterThan(stats.memory().free());
    assertThat(stats.uptime()).isPositive();
    assertThat(stats.processes()).isPositive();
    assertThat(stats.fileSystems()).anyMatch(each -> each.mountPoint().equals("/"));
    assertThat(guest.stats().cpuTime().user()).isGreaterThanOrEqualTo(stats.cpuTime().user());
  }

  @Test
  void aListeningSocketIsFoundWithItsProcess() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(guest.ports())
          .anySatisfy(port -> {
            assertThat(port.port()).isEqualTo(server.getLocalPort());
            assertThat(port.protocol()).isEqualTo(ListeningPort.Protocol.TCP);
            assertThat(port.pid()).isEqualTo(ProcessHandle.current().pid());
          });
    }
  }

  @Test
  void disksAreSynced() throws Exception {
    guest.sync();
  }

  @Test
  void aFileIsDescribed() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "12345");
    Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("file"));
    FileStatus status = guest.stat(file.toString(), false);
    assertThat(status.size()).isEqualTo(5);
    assertThat(status.mode() & 0170000).isEqualTo(0100000);
    assertThat(status.modified()).isEqualTo(Files.getLastModifiedTime(file).toInstant());
    assertThat(guest.stat(link.toString(), false).target()).isEqualTo("file");
    assertThat(guest.stat(link.toString(), true).size()).isEqualTo(5);
    assertThat(guest.stat(directory.toString(), true).isDirectory()).isTrue();
    assertThatThrownBy(() -> guest.stat(directory + "/none", true))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
  }

  @Test
  void whatTarPacksArrivesAndComesBackTheSame() throws Exception {
    Path source = makeTree();
    Path target = directory.resolve("target");
    Process pack = tar("-C", directory.toString(), "-cf", "-", "source");
    try (CopyIn copy = guest.copyIn(target.toString(), "", true, true)) {
      pack.getInputStream().transferTo(copy.output());
      assertThat(copy.finish(LIMIT).entries()).isEqualTo(6);
    }
    assertThat(pack.waitFor()).isZero();
    assertSame(source, target.resolve("source"));

    Path back = Files.createDirectory(directory.resolve("back"));
    Process unpack = tar("-C", back.toString(), "-xf", "-");
    try (CopyOut copy = guest.copyOut(target.resolve("source").toString(), "", false);
        OutputStream archive = unpack.getOutputStream()) {
      copy.input().transferTo(archive);
      assertThat(copy.totals().entries()).isEqualTo(6);
    }
    assertThat(unpack.waitFor()).isZero();
    assertSame(source, back.resolve("source"));
  }

  private Path makeTree() throws IOException {
    Path source = Files.createDirectories(directory.resolve("source/" + "d".repeat(120)));
    byte[] much = new byte[3_000_000];
    new Random(3).nextBytes(much);
    Files.write(source.resolve("much"), much);
    Files.writeString(source.resolve("ümläut " + "n".repeat(110)), "text");
    Files.createFile(source.resolve("empty"));
    Files.createSymbolicLink(source.resolve("link"), Path.of("much"));
    return directory.resolve("source");
  }

  private static Process tar(String... arguments) throws IOException {
    ProcessBuilder builder = new ProcessBuilder("tar");
    builder.command().addAll(List.of(arguments));
    return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static void assertSame(Path left, Path right) throws Exception {
    Process diff =
        new ProcessBuilder("diff", "-r", "--no-dereference", left.toString(), right.toString())
            .redirectErrorStream(true)
            .start();
    assertThat(new String(diff.getInputStream().readAllBytes(), UTF_8)).isEmpty();
    assertThat(diff.waitFor()).isZero();
  }

  @Test
  void anArchiveThatIsNoneIsRefusedWithItsReason() throws Exception {
    try (CopyIn copy = guest.copyIn(directory.toString(), "", false, false)) {
      byte[] noise = new byte[10_240];
      new Random(4).nextBytes(noise);
      copy.output().write(noise);
      assertThatThrownBy(() -> copy.finish(LIMIT))
          .isInstanceOf(BangerException.class)
          .hasMessageContaining(directory.toString())
          .hasCauseInstanceOf(GuestError.class);
    }
    try (var files = Files.list(directory)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void aMissingPathCannotBeCopied() {
    assertThatThrownBy(
            () -> {
              try (CopyOut copy = guest.copyOut(directory + "/none", "", false)) {
                copy.input().readAllBytes();
              }
            })
        .satisfies(e ->
            assertThat(e instanceof GuestError ? e : e.getCause())
                .isInstanceOfSatisfying(
                    GuestError.class,
                    why -> assertThat(why.errorCode()).isEqualTo(ErrorCode.NOT_FOUND)));
  }

  @Test
  void sftpAnswersWithItsVersion() throws Exception {
    try (GuestStream sftp = guest.sftp("")) {
      sftp.output().write(new byte[] {0, 0, 0, 5, 1, 0, 0, 0, 3});
      DataInputStream in = new DataInputStream(sftp.input());
      byte[] answer = in.readNBytes(in.readInt());
      assertThat(answer).startsWith(2, 0, 0, 0, 3);
      sftp.closeOutput();
      assertThat(in.readAllBytes()).isEmpty();
    }
  }

  @Test
  void aConnectionCarriesBytesBothWaysAndEndsInHalves() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      FutureTask<byte[]> heard = new FutureTask<>(() -> answerOnce(server));
      Thread.ofVirtual().start(heard);
      try (GuestStream stream =
          guest.connect(new GuestAddress.Tcp4("127.0.0.1", server.getLocalPort()))) {
        stream.output().write(new byte[1_000_000]);
        stream.closeOutput();
        assertThat(new String(stream.input().readAllBytes(), UTF_8)).isEqualTo("bye");
      }
      assertThat(heard.get()).hasSize(1_000_000);
    }
  }

  private static byte[] answerOnce(ServerSocket server) throws IOException {
    try (Socket socket = server.accept()) {
      byte[] all = socket.getInputStream().readAllBytes();
      socket.getOutputStream().write("bye".getBytes(UTF_8));
      return all;
    }
  }

  @Test
  void aUnixSocketIsConnectedTo() throws Exception {
    Path path = directory.resolve("s");
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      try (GuestStream stream = guest.connect(new GuestAddress.Unix(path.toString()));
          SocketChannel peer = server.accept()) {
        peer.write(ByteBuffer.wrap(new byte[] {42}));
        assertThat(stream.input().read()).isEqualTo(42);
      }
    }
  }

  @Test
  void aPortOnWhichNobodyListensRefuses() throws Exception {
    int port;
    try (ServerSocket server = new ServerSocket(0)) {
      port = server.getLocalPort();
    }
    assertThatThrownBy(() -> guest.connect(new GuestAddress.Tcp4("127.0.0.1", port)))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE));
  }

  @Test
  void aListenerBringsConnectionsUntilItIsClosed() throws Exception {
    int port;
    try (GuestListener listener = guest.listen(new GuestAddress.Tcp4("127.0.0.1", 0))) {
      port = listener.port();
      for (int i = 0; i < 3; i++) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
          Incoming incoming = listener.accept();
          assertThat(incoming.peer()).isEqualTo("127.0.0.1");
          assertThat(incoming.port()).isEqualTo(socket.getLocalPort());
          echoOnce(incoming.stream(), socket.getInputStream(), socket.getOutputStream());
        }
      }
    }
    await()
        .untilAsserted(() ->
            assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), port))
                .isInstanceOf(ConnectException.class));
  }

  private static void echoOnce(GuestStream stream, InputStream in, OutputStream out)
      throws IOException {
    out.write("ping".getBytes(UTF_8));
    assertThat(stream.input().readNBytes(4)).isEqualTo("ping".getBytes(UTF_8));
    stream.output().write("pong".getBytes(UTF_8));
    stream.closeOutput();
    assertThat(in.readAllBytes()).isEqualTo("pong".getBytes(UTF_8));
  }

  @Test
  void aListenerOnAUnixSocketMakesItWithItsMode() throws Exception {
    Path path = directory.resolve("l");
    try (GuestListener listener = guest.listen(new GuestAddress.Unix(path.toString(), 0600));
        SocketChannel socket = SocketChannel.open(UnixDomainSocketAddress.of(path));
        GuestStream stream = listener.accept().stream()) {
      assertThat(guest.stat(path.toString(), false).mode() & 0777).isEqualTo(0600);
      stream.output().write(9);
      ByteBuffer one = ByteBuffer.allocate(1);
      assertThat(socket.read(one)).isEqualTo(1);
      assertThat(one.get(0)).isEqualTo((byte) 9);
    }
  }

  @Test
  void anAddressInUseIsSaid() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(
              () -> guest.listen(new GuestAddress.Tcp4("127.0.0.1", server.getLocalPort())))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
    }
  }
}
