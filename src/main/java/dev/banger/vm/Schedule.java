package dev.banger.vm;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.VmId;
import dev.banger.store.VmRow;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is to be done to which VM, and when. Rows say it by the wall clock, so that it survives the
 * daemon; here it is kept by the monotonic one, so that a jump of the wall clock moves nothing.
 */
final class Schedule {
  /** What is due. */
  enum Matter {
    RESTART,
    EXPIRY,
    /** How it came out could not be written down. */
    OUTCOME
  }

  record Due(VmId id, Matter matter) {}

  private record Entry(Instant wall, long nanos) {}

  private final Clock clock;
  private final LeafLock lock = new LeafLock("schedule");

  @GuardedBy("lock")
  private final Map<Due, Entry> entries = new HashMap<>();

  Schedule(Clock clock) {
    this.clock = clock;
  }

  /** Takes over what the row says; what it said before and says no more is forgotten. */
  void follow(VmRow row, long now) {
    boolean deleting = row.state() == VmRow.State.DELETING;
    set(
        new Due(row.id(), Matter.RESTART),
        deleting ? Optional.empty() : row.restarts().due(),
        row.restarts().pause(),
        now);
    set(
        new Due(row.id(), Matter.EXPIRY),
        deleting ? Optional.empty() : row.policy().expires(),
        row.policy().ttl().orElse(Duration.ZERO),
        now);
  }

  /** Nothing is further away than it can have been when it was written. */
  private void set(Due due, Optional<Instant> wall, Duration most, long now) {
    lock.lock();
    try {
      Entry known = entries.get(due);
      if (wall.isEmpty()) {
        entries.remove(due);
      } else if (known == null || !known.wall().equals(wall.get())) {
        Duration left = Duration.between(clock.instant(), wall.get());
        Duration capped = left.compareTo(most) > 0 ? most : left;
        entries.put(due, new Entry(wall.get(), now + Math.max(0, capped.toNanos())));
      }
    } finally {
      lock.unlock();
    }
  }

  /** It could not be done: it is due again after the pause. */
  void again(Due due, Duration pause, long now) {
    lock.lock();
    try {
      entries.putIfAbsent(due, new Entry(clock.instant(), now + pause.toNanos()));
    } finally {
      lock.unlock();
    }
  }

  void forget(VmId id) {
    lock.lock();
    try {
      for (Matter matter : Matter.values()) {
        entries.remove(new Due(id, matter));
      }
    } finally {
      lock.unlock();
    }
  }

  /** What is due by now; it is not told again. */
  List<Due> take(long now) {
    lock.lock();
    try {
      List<Due> due = new ArrayList<>();
      entries.forEach((what, entry) -> {
        if (entry.nanos() - now <= 0) {
          due.add(what);
        }
      });
      due.forEach(entries::remove);
      return due;
    } finally {
      lock.unlock();
    }
  }

  /** Until the next one; empty when nothing is planned. */
  Optional<Duration> untilNext(long now) {
    lock.lock();
    try {
      return entries.values().stream()
          .map(entry -> Duration.ofNanos(Math.max(0, entry.nanos() - now)))
          .min(Duration::compareTo);
    } finally {
      lock.unlock();
    }
  }
}
