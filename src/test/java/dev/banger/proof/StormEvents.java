package dev.banger.proof;

import dev.banger.api.EventApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.Wire;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * In a storm, one client follows the events through the daemon's deaths, and all clients keep what
 * they were told; in the end {@link EventReplay} holds each against the other.
 */
final class StormEvents {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final long PAUSE_MILLIS = 20;

  private final TestDaemon daemon;
  private final StormLog log;
  private final Queue<EventReplay.Heard> heard = new ConcurrentLinkedQueue<>();
  private final Queue<EventReplay.Answer> answers = new ConcurrentLinkedQueue<>();
  private final Map<String, EventReplay.Times> changes = new ConcurrentHashMap<>();

  /** By cursor: what the daemon has kept, whenever it was asked. */
  private final NavigableMap<Long, EventApi.Event> kept = new TreeMap<>();

  private final Thread follower = Thread.ofPlatform().name("storm-follower").unstarted(this::run);
  private volatile @Nullable TestClient connection;
  private volatile boolean ending;
  private volatile long cursor;

  StormEvents(TestDaemon daemon, StormLog log) {
    this.daemon = daemon;
    this.log = log;
  }

  void begin() {
    follower.start();
  }

  private void run() {
    while (!ending) {
      try (TestClient client = TestClient.connect(daemon.directories())) {
        connection = client;
        if (client != null && !ending) {
          client.listen(new EventApi.Subscribe(cursor, null, null, true), this::hear);
        }
      } catch (BangerException e) {
        if (e.code() != ErrorCode.UNAVAILABLE) {
          log.lie("events", "were refused behind " + cursor + ": " + e.getMessage());
        }
      }
      try {
        Thread.sleep(PAUSE_MILLIS); // the daemon is away for a moment
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void hear(String method, String params) {
    if (method.equals(EventApi.EVENT)) {
      EventApi.Event event = Wire.json().type(EventApi.Event.class).fromJson(params);
      heard.add(new EventReplay.Heard(event, System.currentTimeMillis()));
      cursor = event.cursor();
    } else if (method.equals(EventApi.POSITION)) {
      cursor = Wire.json().type(EventApi.Position.class).fromJson(params).cursor();
    }
  }

  /** A client has asked then, and been told this now. */
  void answered(long asked, List<VmApi.View> told, boolean all) {
    answers.add(new EventReplay.Answer(asked, System.currentTimeMillis(), states(told), all));
  }

  private static Map<String, String> states(List<VmApi.View> told) {
    return told.stream().collect(Collectors.toMap(VmApi.View::id, VmApi.View::state));
  }

  /** A change of this word in its event must have been told so often; the last call counts. */
  void mustBeTold(String word, int least, int most) {
    changes.put(word, new EventReplay.Times(least, most));
  }

  /** Reads what the daemon keeps, before it forgets. */
  void keep() throws Exception {
    try (TestClient client = daemon.client()) {
      client.listen(
          new EventApi.Subscribe(0L, null, null, false),
          (method, params) -> {
            if (method.equals(EventApi.EVENT)) {
              EventApi.Event event = Wire.json().type(EventApi.Event.class).fromJson(params);
              EventApi.Event before = kept.put(event.cursor(), event);
              if (before != null && !before.equals(event)) {
                log.lie(event.name(), "the event " + before + " became " + event);
              }
            }
          });
    }
  }

  /** Nothing is being done: the events so far, and what the VMs are. */
  void quiet(List<VmApi.View> all) throws Exception {
    awaitAll();
    EventReplay replay = new EventReplay(List.copyOf(heard));
    replay.requireLast(states(all));
    replay.lies().forEach(lie -> log.lie("events", lie));
  }

  private void awaitAll() throws Exception {
    keep();
    long newest = kept.isEmpty() ? 0 : kept.lastKey();
    long until = System.nanoTime() + LIMIT.toNanos();
    while (cursor < newest && System.nanoTime() < until) {
      Thread.sleep(PAUSE_MILLIS); // the follower is on its way
    }
    if (cursor < newest) {
      log.lie("events", "were heard up to " + cursor + ", and there are some up to " + newest);
    }
  }

  /** All VMs are deleted: the whole is told again. */
  void end() throws Exception {
    awaitAll();
    ending = true;
    TestClient last = connection;
    if (last != null) {
      last.close();
    }
    follower.join(LIMIT);
    EventReplay replay = new EventReplay(List.copyOf(heard));
    replay.requireKept(List.copyOf(kept.values()));
    answers.forEach(replay::require);
    replay.requireChanges(changes);
    replay.requireLast(Map.of());
    log.replayed(replay.events(), answers.size());
    replay.lies().forEach(lie -> log.lie("events", lie));
  }
}
