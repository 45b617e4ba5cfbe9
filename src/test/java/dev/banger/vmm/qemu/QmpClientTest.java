package dev.banger.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a QEMU that says what the test wants; the real one is in {@link QemuHostTest}. */
@Timeout(30)
final class QmpClientTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  @TempDir private Path directory;
  private final BlockingQueue<QmpMessage.Event> events = new LinkedBlockingQueue<>();
  private ServerSocketChannel server;

  @BeforeEach
  void listen() throws Exception {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(directory.resolve("qmp")));
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
  }

  /** Answers each line of one connection; an empty answer closes it. */
  private QmpClient clientOf(UnaryOperator<String> qemu) throws IOException {
    Thread.startVirtualThread(() -> serve(qemu));
    return new QmpClient(SocketChannel.open(server.getLocalAddress()), "test", events::add);
  }

  private void serve(UnaryOperator<String> qemu) {
    try (SocketChannel channel = server.accept();
        BufferedReader lines =
            new BufferedReader(
                new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8))) {
      channel.write(StandardCharsets.UTF_8.encode("{\"QMP\": {\"version\": {}}}\r\n"));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String answer = qemu.apply(line);
        if (answer.isEmpty()) {
          return;
        }
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(answer);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    } catch (IOException e) {
      // The client has gone.
    }
  }

  private static String id(String line) {
    return line.replaceAll(".*\"id\":(\\d+).*", "$1");
  }

  @Test
  void answersFindTheirCommandsPastEvents() throws Exception {
    try (QmpClient client =
        clientOf(line ->
            "{\"event\":\"SHUTDOWN\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}\r\n"
                + "{\"return\":{\"status\":\"running\",\"n\":null},\"id\":"
                + id(line)
                + "}\r\n")) {
      client.negotiate(LIMIT);
      assertThat(client.execute("query-status", Map.of("a", 1), LIMIT))
          .containsEntry("status", "running");
      QmpMessage.Event event = events.poll(10, TimeUnit.SECONDS);
      assertThat(event.data()).containsEntry("reason", "guest-reset");
    }
  }

  @Test
  void aRefusalSaysWhatQemuSaid() throws Exception {
    try (QmpClient client =
        clientOf(line ->
            "{\"id\":"
                + id(line)
                + ",\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"no such command\"}}\n")) {
      assertThatThrownBy(() -> client.execute("frobnicate", Map.of(), LIMIT))
          .hasMessage("QEMU refused frobnicate: no such command");
    }
  }

  @Test
  void aSilentQemuIsATimeout() throws Exception {
    try (QmpClient client = clientOf(line -> "\n")) {
      assertFails(client, Duration.ofMillis(50), ErrorCode.TIMEOUT, "did not answer");
    }
  }

  @Test
  void aLostConnectionFailsAllThatWaitAndAllThatFollow() throws Exception {
    try (QmpClient client = clientOf(line -> "")) {
      assertFails(client, LIMIT, ErrorCode.UNAVAILABLE, "cannot send query-status");
      assertThat(client.awaitEnd(LIMIT)).isTrue();
      assertFails(client, LIMIT, ErrorCode.UNAVAILABLE, "cannot send query-status");
    }
  }

  @Test
  void garbageAndEndlessLinesEndTheConnection() throws Exception {
    for (String answer : List.of("garbage\n", "[]\n", "{}\n", "x".repeat((1 << 20) + 1))) {
      try (QmpClient client = clientOf(line -> answer)) {
        assertFails(client, LIMIT, ErrorCode.UNAVAILABLE, "cannot send query-status");
      }
    }
  }

  @Test
  void anAnswerToNobodyIsDropped() throws Exception {
    try (QmpClient client =
        clientOf(line -> "{\"return\":{},\"id\":77}\n{\"return\":{},\"id\":" + id(line) + "}\n")) {
      assertThat(client.execute("query-status", Map.of(), LIMIT)).isEmpty();
    }
  }

  private static void assertFails(
      QmpClient client, Duration limit, ErrorCode code, String message) {
    assertThatThrownBy(() -> client.execute("query-status", Map.of(), limit))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(BangerException.class, e -> assertThat(e.code()).isEqualTo(code));
  }
}
