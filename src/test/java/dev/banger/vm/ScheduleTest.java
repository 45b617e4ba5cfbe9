package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.RestartPolicy;
import dev.banger.store.VmRow;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_000_000);
  private static final long HOUR = Duration.ofHours(1).toNanos();

  private final Schedule schedule = new Schedule(Clock.fixed(NOW, ZoneOffset.UTC));

  private static VmRow living(Duration ttl, Instant expires) {
    return Rows.row("0123456789ab", "web")
        .withPolicy(
            new VmRow.Policy(
                RestartPolicy.NEVER, Optional.of(ttl), Optional.of(expires), Optional.empty()));
  }

  @Test
  void whatIsDueIsToldOnce() {
    VmRow row = living(Duration.ofHours(2), NOW.plusSeconds(3600));
    schedule.follow(row, 0);
    assertThat(schedule.take(HOUR - 1)).isEmpty();
    assertThat(schedule.untilNext(HOUR - 5)).contains(Duration.ofNanos(5));
    assertThat(schedule.take(HOUR))
        .containsExactly(new Schedule.Due(row.id(), Schedule.Matter.EXPIRY));
    assertThat(schedule.take(HOUR)).isEmpty();
  }

  @Test
  void aRowThatSaysTheSameMovesNothing() {
    VmRow row = living(Duration.ofHours(2), NOW.plusSeconds(3600));
    schedule.follow(row, 0);
    schedule.follow(row, HOUR / 2);
    assertThat(schedule.take(HOUR)).hasSize(1);
  }

  @Test
  void nothingIsFurtherAwayThanItsWholeLength() {
    schedule.follow(living(Duration.ofHours(1), NOW.plusSeconds(86_400)), 0);
    assertThat(schedule.take(HOUR)).hasSize(1); // the clock went back a day meanwhile
  }

  @Test
  void whatARowSaysNoMoreIsForgotten() {
    VmRow row = living(Duration.ofHours(1), NOW.plusSeconds(10));
    schedule.follow(row, 0);
    schedule.follow(row.withPolicy(VmRow.Policy.NONE), 0);
    assertThat(schedule.untilNext(0)).isEmpty();
    schedule.follow(row, 0);
    schedule.follow(row.withLife(row.life().with(VmRow.State.DELETING)), 0);
    assertThat(schedule.untilNext(0)).isEmpty();
  }

  @Test
  void whatFailedComesAgain() {
    VmRow row = living(Duration.ofHours(1), NOW);
    schedule.follow(row, 0);
    Schedule.Due due = schedule.take(1).getFirst();
    schedule.again(due, Duration.ofNanos(10), 1);
    assertThat(schedule.take(10)).isEmpty();
    assertThat(schedule.take(11)).containsExactly(due);
  }
}
