package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.RestartPolicy;
import dev.banger.model.VmId;
import dev.banger.store.Database;
import dev.banger.store.EventTable;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** By a clock of its own: each round is asked for. */
class SupervisorTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final Duration MOMENT = Duration.ofMillis(5);

  @TempDir Path dir;
  private Database database;
  private VmTable table;
  private Transitions transitions;
  private Supervisor supervisor;
  private final VmRow row = Rows.row("0123456789ab", "web");
  private final Outcomes outcomes = new Outcomes();
  private final Time time = new Time();
  private final Asked asked = new Asked();

  private static final class Time extends Clock {
    private final AtomicLong nanos = new AtomicLong();
    private volatile Instant wall = Instant.ofEpochSecond(1_000_000);

    void pass(Duration duration) {
      wall = wall.plus(duration);
      long _ = nanos.addAndGet(duration.toNanos());
    }

    @Override
    public Instant instant() {
      return wall;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private final class Asked implements Supervisor.Actions {
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private volatile boolean failing;

    private void note(String call) throws BangerException {
      calls.add(call);
      if (failing) {
        throw new BangerException(ErrorCode.INTERNAL, "cannot " + call, "");
      }
    }

    /** As a start does it: what is due is due no more. */
    @Override
    public void restart(VmId id) throws BangerException {
      note("restart");
      transitions.running(row, "boot-1", restarts(Duration.ofMillis(100), Optional.empty()));
    }

    @Override
    public void expire(VmId id, String why) throws BangerException {
      note("expire: " + why);
    }

    @Override
    public void stop(VmId id, String why) throws BangerException {
      note("stop: " + why);
    }

    @Override
    public void settle(VmId id) throws BangerException {
      note("settle");
      boolean _ = outcomes.settle(id);
    }
  }

  @BeforeEach
  void open() throws BangerException {
    database = Database.open(dir.resolve("banger.db"));
    table = new VmTable(database);
    Events events = new Events(new EventTable(database), "boot-1");
    transitions = new Transitions(table, events, time);
    assertThat(transitions.creating(row)).isTrue();
    supervisor =
        new Supervisor(
            List::of,
            outcomes,
            transitions,
            asked,
            _ -> {
              throw new AssertionError("no VM runs");
            },
            time,
            time.nanos::get);
    transitions.onChange(supervisor::follow);
  }

  @AfterEach
  void close() {
    supervisor.close();
    database.close();
  }

  private static VmRow.Restarts restarts(Duration pause, Optional<Instant> due) {
    return new VmRow.Restarts(1, Optional.empty(), pause, due);
  }

  /** One round behind this much time; returns when what it asked for has been done. */
  private void pass(Duration duration, int calls) {
    time.pass(duration);
    supervisor.round();
    await().atMost(LIMIT).untilAsserted(() -> assertThat(asked.calls).hasSize(calls));
    await().atMost(LIMIT).until(supervisor::isQuiet);
  }

  private void fails() throws BangerException {
    VmRow now = table.byId(row.id()).orElseThrow();
    VmRow.Restarts next =
        RestartRules.after(now, RestartRules.Ending.FAILURE, MOMENT, time.instant());
    transitions.ended(now, VmRow.State.FAILED, time.instant(), "it crashed", false, next);
  }

  private void policy(RestartPolicy restart, Optional<Duration> ttl) throws BangerException {
    VmRow.Policy policy =
        new VmRow.Policy(restart, ttl, ttl.map(time.instant()::plus), Optional.empty());
    var _ = transitions.change(row, r -> r.withPolicy(policy), new Transitions.Note("set", "", ""));
  }

  @Test
  void aVmThatKeepsFailingIsRestartedAfterLongerAndLongerPauses() throws BangerException {
    policy(new RestartPolicy.Always(), Optional.empty());
    int restarts = 0;
    for (int pause : List.of(100, 200, 400, 800)) {
      fails();
      assertThat(table.byId(row.id()).orElseThrow().restarts().pause())
          .isEqualTo(Duration.ofMillis(pause));
      pass(Duration.ofMillis(pause - 1), restarts);
      pass(Duration.ofMillis(1), ++restarts);
      keepPause(Duration.ofMillis(pause));
    }
  }

  /** As a start by policy does it. */
  private void keepPause(Duration pause) throws BangerException {
    var _ = table.update(row.id(), r -> r.withRestarts(restarts(pause, Optional.empty())));
  }

  @Test
  void aRestartThatCannotBeBegunIsTriedAgain() throws BangerException {
    policy(new RestartPolicy.Always(), Optional.empty());
    fails();
    asked.failing = true;
    pass(Duration.ofMillis(100), 1);
    asked.failing = false;
    pass(Duration.ofSeconds(29), 1);
    pass(Duration.ofSeconds(1), 2);
    pass(Duration.ofHours(1), 2);
  }

  @Test
  void aStopTakesBackARestartThatWasDue() throws BangerException {
    policy(new RestartPolicy.Always(), Optional.empty());
    fails();
    var _ =
        transitions.change(
            row,
            r -> r.withRestarts(VmRow.Restarts.NONE),
            new Transitions.Note("restart-cancelled", "", ""));
    pass(Duration.ofHours(1), 0);
  }

  @Test
  void aLifetimeEndsOnTimeWhateverTheWallClockDoes() throws BangerException {
    policy(RestartPolicy.NEVER, Optional.of(Duration.ofHours(2)));
    pass(Duration.ofHours(1), 0);
    time.wall = time.wall.plus(Duration.ofDays(7));
    pass(Duration.ofSeconds(1), 0);
    time.wall = time.wall.minus(Duration.ofDays(30));
    pass(Duration.ofMinutes(59), 0);
    pass(Duration.ofMinutes(1), 1);
    assertThat(asked.calls).containsExactly("expire: its lifetime of 2h is over");
  }

  @Test
  void anExpiryThatFailsIsTriedAgain() throws BangerException {
    policy(RestartPolicy.NEVER, Optional.of(Duration.ofSeconds(5)));
    asked.failing = true;
    pass(Duration.ofSeconds(5), 1);
    pass(Duration.ofSeconds(29), 1);
    pass(Duration.ofSeconds(1), 2);
  }

  @Test
  void whatCouldNotBeWrittenIsTriedEachSecondUntilItIs() {
    BangerException full = new BangerException(ErrorCode.NO_SPACE, "cannot write", "");
    Outcomes.Outcome outcome =
        new Outcomes.Outcome(
            Phase.FAILED,
            "",
            () -> {
              if (time.nanos.get() < Duration.ofSeconds(3).toNanos()) {
                throw full;
              }
            });
    assertThatThrownBy(() -> outcomes.settle(row.id(), outcome)).isSameAs(full);
    pass(Duration.ZERO, 0);
    pass(Duration.ofSeconds(1), 1);
    pass(Duration.ofSeconds(1), 2);
    pass(Duration.ofSeconds(1), 3);
    assertThat(outcomes.unwritten()).isEmpty();
    pass(Duration.ofSeconds(10), 3);
  }
}
