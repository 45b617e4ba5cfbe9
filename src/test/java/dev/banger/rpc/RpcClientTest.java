package dev.banger.rpc;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.api.DaemonApi.Nothing;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.RpcServer.Limits;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import io.avaje.jsonb.Jsonb;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(10)
final class RpcClientTest {
  private static final Jsonb JSON = Wire.json();
  private static final RpcClient.Listener DEAF = (method, params) -> {};

  @TempDir Path directory;
  private Path socket;
  private EchoServer server;

  @BeforeEach
  void start() throws Exception {
    socket = directory.resolve("s");
    server = new EchoServer(socket, Limits.STANDARD, true);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private RpcClient connect() throws BangerException {
    RpcClient client = requireNonNull(RpcClient.connect(socket));
    assertThat(client.greeting(Duration.ofSeconds(10)).params()).contains("\"pid\":42");
    return client;
  }

  @Test
  void aCallBringsTheRecordBack() throws Exception {
    try (RpcClient client = connect()) {
      String strange = "a\"\\\n\t\u0001é\uD83D\uDE00";
      assertThat(client.call("echo", new VmApi.Ref(strange), VmApi.Ref.class, null, DEAF).vm())
          .isEqualTo(strange);
      VmApi.Create create =
          new VmApi.Create(
              null, null, null, 0, 0, 0, List.of(), "auto", true, Map.of(), null, null, 0, 0, null,
              null, false, null);
      assertThat(client.call("create", create, VmApi.CreateBegun.class, null, DEAF).name())
          .isEqualTo("null");
      assertThat(client.call("who", new Nothing(), VmApi.Ref.class, null, DEAF).vm())
          .isEqualTo(System.getProperty("user.name"));
    }
  }

  @Test
  void notificationsReachTheListenerBeforeTheReply() throws Exception {
    List<String> heard = new ArrayList<>();
    try (RpcClient client = connect()) {
      client.call(
          "count",
          new VmApi.Logs("x", "", 3),
          Nothing.class,
          null,
          (method, params) ->
              heard.add(JSON.type(OperationApi.Ref.class).fromJson(params).operation()));
    }
    assertThat(heard).containsExactly("x1", "x2", "x3");
  }

  @Test
  void aLongStringArrivesWhole() throws Exception {
    try (RpcClient client = connect()) {
      String text = "0\"é\n".repeat(100_000);
      assertThat(client.call("echo", new VmApi.Ref(text), VmApi.Ref.class, null, DEAF).vm())
          .isEqualTo(text);
      assertThat(client.call("large", new Nothing(), VmApi.LogText.class, null, DEAF).text())
          .hasSize(1 << 20);
    }
  }

  @Test
  void aFailureComesBackWhole() throws Exception {
    try (RpcClient client = connect()) {
      assertThatThrownBy(() -> client.call("fail", new Nothing(), Nothing.class, null, DEAF))
          .isInstanceOfSatisfying(
              BangerException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE);
                assertThat(e).hasMessage("cannot grow");
                assertThat(e.reason()).isEqualTo("full \"disk\"\n");
                assertThat(e.hint()).isEqualTo("buy a disk");
              });
    }
  }

  @Test
  void aLimitEndsTheWait() throws Exception {
    try (RpcClient client = connect()) {
      assertThatThrownBy(
              () -> client.call("wait", new Nothing(), Nothing.class, Duration.ofMillis(50), DEAF))
          .hasMessageContaining("did not answer wait in time");
    }
  }

  @Test
  void aServerThatEndsIsAClearError() throws Exception {
    try (RpcClient client = connect()) {
      Thread.ofVirtual().start(this::endWhenBegun);
      assertThatThrownBy(() -> client.call("wait", new Nothing(), Nothing.class, null, DEAF))
          .isInstanceOf(BangerException.class);
    }
  }

  private void endWhenBegun() {
    server.begun.acquireUninterruptibly();
    server.end();
  }

  @Test
  void anInteractiveCallTurnsTheConnectionIntoASession() throws Exception {
    byte[] data = new byte[3 << 20];
    new Random(1).nextBytes(data);
    try (RpcClient client = connect()) {
      client.call("echo", new VmApi.Ref("x"), VmApi.Ref.class, null, DEAF);
      client.call("session", new VmApi.Ref("x"), VmApi.Ref.class, null, DEAF);
      try (YamuxSession session = client.upgrade();
          YamuxStream stream = session.open()) {
        Thread sender = Thread.ofVirtual().start(() -> sendAll(stream, data));
        assertThat(stream.input().readAllBytes()).isEqualTo(data);
        sender.join();
      }
    }
    server.clientGone.acquire();
  }

  private static void sendAll(YamuxStream stream, byte[] data) {
    try {
      stream.output().write(data);
      stream.closeOutput();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aClientLostRightAfterTheUpgradeEndsTheSession() throws Exception {
    try (RpcClient client = connect()) {
      client.call("session", new VmApi.Ref("x"), VmApi.Ref.class, null, DEAF);
    }
    server.clientGone.acquire();
  }

  /** The empty lines keep the connection's reader awake: it sees the session before the reply. */
  @Test
  void aSessionThatBeginsAtOnceBeginsBehindItsReply() throws Exception {
    for (int round = 0; round < 50; round++) {
      try (RawClient client = RawClient.greeted(socket)) {
        client.send(
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"session\",\"params\":{\"vm\":\"x\"}}\n"
                + "\n".repeat(4000));
        assertThat(client.line()).contains("\"id\":1,\"result\"");
      }
    }
  }

  @Test
  void aSessionNeedsAConnectionOfItsOwn() throws Exception {
    try (RawClient client = RawClient.greeted(socket)) {
      client.call(1, "wait", "{}");
      server.begun.acquire();
      client.call(2, "session", "{\"vm\":\"x\"}");
      assertThat(client.line()).contains("\"id\":2,\"error\"", "other requests are in flight");
    }
  }

  @Test
  void nobodyThereIsNoError() throws Exception {
    assertThat(RpcClient.connect(directory.resolve("none"))).isNull();
    Path stale = directory.resolve("stale");
    try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.bind(UnixDomainSocketAddress.of(stale));
    }
    assertThat(RpcClient.connect(stale)).isNull();
  }

  @Test
  void aStaleSocketIsReplacedButNotALiveOne() throws Exception {
    Path stale = directory.resolve("stale");
    try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.bind(UnixDomainSocketAddress.of(stale));
    }
    assertThat(stale).exists();
    try (EchoServer second = new EchoServer(stale, Limits.STANDARD, true);
        RpcClient client = requireNonNull(RpcClient.connect(stale))) {
      assertThat(client.greeting(Duration.ofSeconds(10)).method()).isEqualTo("daemon.hello");
      assertThatThrownBy(() -> new EchoServer(stale, Limits.STANDARD, true))
          .hasMessageContaining("a daemon serves it already");
      assertThat(stale).exists();
      assertThat(second.connections()).isEqualTo(1);
    }
    assertThat(stale).doesNotExist();
  }

  @Test
  void aSocketPathThatIsTooLongIsAClearErrorOnBothSides() {
    Path longest = directory.resolve("é".repeat(60));
    assertThatThrownBy(() -> RpcClient.connect(longest)).hasMessageContaining("Linux allows 107");
    assertThatThrownBy(() -> new EchoServer(longest, Limits.STANDARD, true))
        .hasMessageContaining("Linux allows 107");
    assertThat(Files.exists(longest)).isFalse();
  }

  @Test
  void aPeerThatMayNotCallIsToldSo() throws Exception {
    Path closed = directory.resolve("closed");
    try (EchoServer _ = new EchoServer(closed, Limits.STANDARD, false);
        RpcClient client = requireNonNull(RpcClient.connect(closed))) {
      assertThatThrownBy(() -> client.greeting(Duration.ofSeconds(10)))
          .hasMessageContaining("may not call this daemon");
    }
  }

  @Test
  void controlMessagesSurviveTheWire() throws Exception {
    List<ControlMessage> messages =
        List.of(
            new ControlMessage.Resize(50, 65_535),
            new ControlMessage.Signal(2),
            new ControlMessage.Exited(255),
            new ControlMessage.Signalled(9),
            new ControlMessage.Copied(3, 1L << 40));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (ControlMessage message : messages) {
      ControlMessage.write(out, message);
    }
    ControlMessage.write(
        out, new ControlMessage.Failed(new BangerException(ErrorCode.TIMEOUT, "m", "h")));
    ByteArrayInputStream in = new ByteArrayInputStream(out.toByteArray());
    for (ControlMessage message : messages) {
      assertThat(ControlMessage.read(in)).isEqualTo(message);
    }
    assertThat(ControlMessage.read(in))
        .isInstanceOfSatisfying(
            ControlMessage.Failed.class,
            failed -> assertThat(failed.failure().code()).isEqualTo(ErrorCode.TIMEOUT));
    assertThat(ControlMessage.read(in)).isNull();
  }

  @Test
  void malformedControlMessagesAreRefused() {
    for (String bytes : List.of("\0\0\0\0", "\0\0\0\1c", "\0\0\0\2\1\1", "\1\0\0\0\1", "\0")) {
      ByteArrayInputStream in =
          new ByteArrayInputStream(bytes.getBytes(StandardCharsets.ISO_8859_1));
      assertThatThrownBy(() -> ControlMessage.read(in)).isInstanceOf(IOException.class);
    }
  }
}
