package dev.banger.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.rpc.RpcServer.Limits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class RpcServerTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Limits SMALL = new Limits(64 << 10, 256 << 10, 8, 12);

  @TempDir Path directory;
  private Path socket;
  private EchoServer server;

  @BeforeEach
  void start() throws Exception {
    socket = directory.resolve("run").resolve("s");
    server = new EchoServer(socket, SMALL, true);
  }

  @AfterEach
  void stop() {
    server.close();
    assertThat(socket).doesNotExist();
  }

  @Test
  void theSocketIsForItsOwnerAlone() throws Exception {
    assertThat(Files.getPosixFilePermissions(socket))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(Files.getPosixFilePermissions(directory.resolve("run")))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void theServerSpeaksFirst() throws Exception {
    try (RawClient client = new RawClient(socket)) {
      assertThat(client.line())
          .isEqualTo(
              "{\"jsonrpc\":\"2.0\",\"method\":\"daemon.hello\",\"params\":{\"version\":\"1\",\"pid\":42}}");
    }
  }

  @Test
  void aSlowRequestDoesNotHoldUpAQuickOne() throws Exception {
    try (RawClient client = RawClient.greeted(socket)) {
      client.call(1, "wait", "{}");
      client.call(2, "echo", "{\"vm\":\"é\"}");
      assertThat(client.line()).contains("\"id\":2,\"result\":{\"vm\":\"é\"}");
      server.gate.countDown();
      assertThat(client.line()).contains("\"id\":1,\"result\":{}");
    }
  }

  @Test
  void notificationsComeInOrderAndBeforeTheReply() throws Exception {
    try (RawClient client = RawClient.greeted(socket)) {
      client.call(1, "count", "{\"vm\":\"n\",\"source\":\"\",\"lines\":500}");
      for (int i = 1; i <= 500; i++) {
        assertThat(client.line()).endsWith("\"params\":{\"operation\":\"n" + i + "\"}}");
      }
      assertThat(client.line()).contains("\"id\":1,\"result\"");
    }
  }

  @Test
  void cancelInterruptsTheCallAndSaysSo() throws Exception {
    try (RawClient client = RawClient.greeted(socket)) {
      client.call(7, "wait", "{}");
      server.begun.acquire();
      client.send("{\"jsonrpc\":\"2.0\",\"method\":\"$/cancel\",\"params\":{\"id\":7}}\n");
      assertThat(client.line()).contains("\"id\":7,\"error\"", "\"CANCELLED\"");
      client.call(8, "echo", "{\"vm\":\"a\"}");
      assertThat(client.line()).contains("\"id\":8,\"result\"");
    }
  }

  @Test
  void aFailureCarriesCodeWhatWasTriedCauseAndHint() throws Exception {
    try (RawClient client = RawClient.greeted(socket)) {
      client.call(1, "fail", "{}");
      assertThat(client.line())
          .contains(
              "\"code\":-32000",
              "\"data\":{\"code\":\"NO_SPACE\",\"tried\":\"cannot grow\",\"cause\":\"full"
                  + " \\\"disk\\\"\\u000a\",\"hint\":\"buy a disk\"}");
      client.call(2, "mistake", "{}");
      assertThat(client.line()).contains("\"code\":-32603", "\"INTERNAL\"", "on purpose");
    }
  }

  @Test
  void whatIsNoRequestGetsItsOwnErrorAndTheConnectionGoesOn() throws Exception {
    String[][] lines = {
      {"garbage", "-32700"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{}} more", "-32700"},
      {"{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"echo\"}", "-32700"},
      {"{\"a\":" + "[".repeat(30_000), "-32700"},
      {"{\"a\":\"\\ud8\"}", "-32700"},
      {"[]", "-32700"},
      {"null", "-32700"},
      {"{}", "-32600"},
      {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"echo\"}", "-32600"},
      {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"echo\"}", "-32600"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":1}", "-32600"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[1]}", "-32600"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nothing\"}", "-32601"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}", "'vm' is missing"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"vm\":[]}}", "-32602"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"wm\":\"\"}}", "wm"},
    };
    try (RawClient client = RawClient.greeted(socket)) {
      for (String[] line : lines) {
        client.send(line[0] + "\n");
        assertThat(client.line()).as(line[0]).contains("\"error\"", line[1]);
      }
      client.send(new byte[] {'{', (byte) 0xff, '}', '\n'});
      assertThat(client.line()).contains("-32700");
      client.call(9, "echo", "{\"vm\":\"still here\"}");
      assertThat(client.line()).contains("still here");
    }
  }

  @Test
  void randomBytesNeverEndTheServer() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 40; i++) {
      try (RawClient client = new RawClient(socket)) {
        byte[] bytes = new byte[random.nextInt(20_000)];
        random.nextBytes(bytes);
        client.send(bytes);
      } catch (IOException e) {
        assertThat(e).as("seed %d", seed).isNotNull();
      }
    }
    // Some may still wait to be accepted: until they are gone, one more can be one too many.
    Awaitility.await().atMost(LIMIT).ignoreException(IOException.class).untilAsserted(this::echoes);
    allConnectionsAreForgotten();
  }

  @Test
  void halfALineIsNoRequestAndItsConnectionIsForgotten() throws Exception {
    try (RawClient client = RawClient.greeted(socket)) {
      client.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"met");
    }
    allConnectionsAreForgotten();
    echoes();
  }

  @Test
  void aHundredMegabytesWithoutNewlineAreRefusedEarly() throws Exception {
    byte[] block = "x".repeat(1 << 20).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    try (RawClient client = RawClient.greeted(socket)) {
      long sent = 0;
      try {
        for (; sent < 100 << 20; sent += block.length) {
          client.send(block);
        }
      } catch (IOException _) {
        // The server hung up, as it should.
      }
      assertThat(sent).isLessThan(5 << 20);
      assertThat(client.line()).contains("-32700", "longer than 65536 bytes");
    }
    allConnectionsAreForgotten();
    echoes();
  }

  @Test
  void manyUnfinishedLinesTogetherStayWithinOneBudget() throws Exception {
    List<RawClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 10; i++) {
        RawClient client = RawClient.greeted(socket);
        clients.add(client);
        client.send("x".repeat(60 << 10));
      }
      Awaitility.await().until(() -> server.connections() < 10);
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
    allConnectionsAreForgotten();
    for (int i = 0; i < 3; i++) {
      try (RawClient client = RawClient.greeted(socket)) {
        client.call(1, "echo", "{\"vm\":\"" + "y".repeat(50_000) + "\"}");
        assertThat(client.line()).contains("result");
      }
    }
  }

  @Test
  void aClientThatLeavesIsNoticedByThoseWhoAsked() throws Exception {
    try (RawClient client = RawClient.greeted(socket)) {
      client.call(1, "watch", "{}");
      client.call(2, "wait", "{}");
      server.begun.acquire(2);
    }
    server.clientGone.acquire(2);
    server.interrupted.acquire();
    assertThat(server.interrupted.tryAcquire(50, TimeUnit.MILLISECONDS))
        .as("a call that did not ask runs on")
        .isFalse();
    server.gate.countDown();
    allConnectionsAreForgotten();
  }

  @Test
  void aClientThatClosesItsSendingHalfStillGetsItsReplies() throws Exception {
    try (RawClient client = RawClient.greeted(socket)) {
      client.call(1, "wait", "{}");
      server.begun.acquire();
      client.channel.shutdownOutput();
      server.gate.countDown();
      assertThat(client.line()).contains("\"id\":1,\"result\"");
      assertThat(client.line()).isEqualTo("null");
    }
  }

  @Test
  void aClientThatDoesNotReadHoldsUpNobody() throws Exception {
    try (RawClient deaf = RawClient.greeted(socket)) {
      for (int i = 0; i < 8; i++) {
        deaf.call(i, "large", "{}");
      }
      echoes();
    }
    allConnectionsAreForgotten();
  }

  @Test
  void moreRequestsInFlightThanAllowedAreRefusedOneByOne() throws Exception {
    try (RawClient client = RawClient.greeted(socket)) {
      for (int i = 1; i <= 9; i++) {
        client.call(i, "wait", "{}");
      }
      assertThat(client.line()).contains("\"id\":9,\"error\"", "8 requests are in flight");
      client.call(1, "wait", "{}");
      assertThat(client.line()).contains("\"id\":1,\"error\"", "this id is in flight");
      server.gate.countDown();
      Set<String> answered = new HashSet<>();
      for (int i = 1; i <= 8; i++) {
        answered.add(client.line());
      }
      assertThat(answered).hasSize(8).allMatch(line -> line.contains("result"));
    }
  }

  @Test
  void moreConnectionsThanAllowedAreToldSo() throws Exception {
    List<RawClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 12; i++) {
        clients.add(RawClient.greeted(socket));
      }
      try (RawClient last = new RawClient(socket)) {
        assertThat(last.line()).contains("\"id\":null,\"error\"", "12 connections");
        assertThat(last.line()).isEqualTo("null");
      }
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
    allConnectionsAreForgotten();
    echoes();
  }

  private void echoes() throws IOException {
    try (RawClient client = RawClient.greeted(socket)) {
      client.call(1, "echo", "{\"vm\":\"web\"}");
      assertThat(client.line()).contains("\"result\":{\"vm\":\"web\"}");
    }
  }

  private void allConnectionsAreForgotten() {
    Awaitility.await().atMost(LIMIT).until(() -> server.connections() == 0);
  }
}
