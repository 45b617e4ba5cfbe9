package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.api.EventApi;
import dev.banger.model.BangerException;
import dev.banger.rpc.RpcClient;
import dev.banger.rpc.Wire;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** No event is lost or told twice, whoever dies meanwhile, and the events tell a possible story. */
class EventsHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** The daemon's, with a client that does not read. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** All that is kept behind the cursor, of one VM when it is given. */
  private static List<EventApi.Event> kept(TestDaemon daemon, long cursor, @Nullable String vm)
      throws Exception {
    List<EventApi.Event> heard = new ArrayList<>();
    listen(daemon, new EventApi.Subscribe(cursor, null, vm, false), heard);
    return heard;
  }

  private static void listen(TestDaemon daemon, EventApi.Subscribe wish, List<EventApi.Event> heard)
      throws Exception {
    try (RpcClient rpc = Objects.requireNonNull(RpcClient.connect(daemon.directories().socket()))) {
      RpcClient.Notification _ = rpc.greeting(LIMIT);
      var _ =
          rpc.call(
              EventApi.SUBSCRIBE.name(),
              wish,
              EventApi.Position.class,
              null,
              (method, params) -> {
                if (method.equals(EventApi.EVENT)) {
                  heard.add(Wire.json().type(EventApi.Event.class).fromJson(params));
                }
              });
    }
  }

  /** Each VM's states follow one another: what was left is what comes before. */
  static void assertOneStory(List<EventApi.Event> events) {
    Map<String, String> states = new HashMap<>();
    for (EventApi.Event event : events) {
      if (event.kind().equals("state")) {
        assertThat(event.from())
            .as("%s", event)
            .isEqualTo(states.put(event.vm(), String.valueOf(event.to())));
      }
    }
  }

  @Test
  void everyEventComesOnceAndInOrderOverTheDaemonsDeath() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start()) {
      List<EventApi.Event> followed = new CopyOnWriteArrayList<>();
      Thread follower = Thread.ofVirtual().start(() -> follow(daemon, followed));
      try (TestClient client = daemon.client()) {
        client.create("web", true);
        client.create("db", false);
      }
      daemon.killAndStart();
      try (TestClient client = daemon.client()) {
        client.stop("web", false);
        client.start("db");
        client.delete("db", true);
      }
      List<EventApi.Event> all = kept(daemon, 0, null);
      await().atMost(LIMIT).until(() -> followed.size() >= all.size());
      follower.interrupt();
      assertThat(followed).isEqualTo(all);
      assertOneStory(all);
      assertThat(all)
          .filteredOn(event -> event.name().equals("web"))
          .extracting(EventApi.Event::to)
          .containsExactly("creating", "starting", "running", "stopping", "stopped");
      assertThat(kept(daemon, 0, "db"))
          .extracting(EventApi.Event::to)
          .filteredOn(state -> !state.equals("stopped")) // its end may be seen before its removal
          .containsExactly("creating", "created", "starting", "running", "deleting", "deleted");
      assertThat(kept(daemon, all.get(2).cursor(), null)).isEqualTo(all.subList(3, all.size()));
    }
  }

  /** From the beginning, and on from the last cursor whenever the connection is lost. */
  private static void follow(TestDaemon daemon, List<EventApi.Event> heard) {
    while (!Thread.currentThread().isInterrupted()) {
      long cursor = heard.isEmpty() ? 0 : heard.getLast().cursor();
      try {
        listen(daemon, new EventApi.Subscribe(cursor, null, null, true), heard);
      } catch (Exception | AssertionError e) {
        sleepABit(); // the daemon is away for a moment
      }
    }
  }

  private static void sleepABit() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aCursorThatNobodyGaveOutIsRefused() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start()) {
      assertThatThrownBy(() -> kept(daemon, 4_711, null))
          .isInstanceOf(BangerException.class)
          .hasMessageContaining("4711");
      assertThatThrownBy(() -> kept(daemon, 0, "nobody"))
          .isInstanceOf(BangerException.class)
          .hasMessageContaining("nobody");
    }
  }

  /** More than its connection holds is waiting for it, and more than the daemon keeps for it. */
  @Test
  void aSubscriberThatDoesNotReadHoldsUpNobodyAndIsCutOff() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start()) {
      String id;
      try (TestClient client = daemon.client()) {
        id = client.create("web", false);
      }
      addEvents(daemon, id, 9_000);
      try (SocketChannel deaf =
          SocketChannel.open(UnixDomainSocketAddress.of(daemon.directories().socket()))) {
        String wish =
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"events.subscribe\","
                + "\"params\":{\"cursor\":0,\"follow\":true}}\n";
        send(deaf, wish);
        long begin = System.nanoTime();
        try (TestClient client = daemon.client()) {
          client.start("web");
          assertThat(kept(daemon, 0, "web")).hasSizeGreaterThan(9_000);
          client.delete("web", true);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(PATIENCE);
        await()
            .atMost(PATIENCE.multipliedBy(2))
            .untilAsserted(
                () -> assertThatThrownBy(() -> send(deaf, " ")).isInstanceOf(IOException.class));
      }
      assertThat(daemon.said()).doesNotContain("ERROR");
    }
  }

  private static void send(SocketChannel channel, String text) throws IOException {
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static void addEvents(TestDaemon daemon, String id, int count) throws Exception {
    try (Connection database =
            DriverManager.getConnection("jdbc:sqlite:" + daemon.directories().database());
        Statement statement = database.createStatement()) {
      statement.execute(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                  .formatted(count)
              + " INSERT INTO event (time, vm, name, kind, reason)"
              + " SELECT 1, '%s', 'web', 'set', printf('%%.400c', 'x') FROM n".formatted(id));
    }
  }
}
