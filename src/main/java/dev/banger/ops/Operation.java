package dev.banger.ops;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.Progress;
import dev.banger.ops.OperationStatus.State;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/** One operation: what its thread reports, and what its watchers see. */
final class Operation implements Progress {
  private final String id;
  private final String kind;
  private final String subject;
  private final Clock clock;
  private final Instant begun;
  private final LeafLock lock = new LeafLock("operation");
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private final List<OperationStatus.Stage> stages = new ArrayList<>();

  @GuardedBy("lock")
  private State state = State.RUNNING;

  @GuardedBy("lock")
  private long version;

  @GuardedBy("lock")
  private String stage = "";

  @GuardedBy("lock")
  private long stageBegan;

  @GuardedBy("lock")
  private long done;

  @GuardedBy("lock")
  private long total = -1;

  @GuardedBy("lock")
  private @Nullable Instant ended;

  @GuardedBy("lock")
  private String result = "";

  @GuardedBy("lock")
  private @Nullable BangerException error;

  @GuardedBy("lock")
  private @Nullable Thread worker;

  @GuardedBy("lock")
  private boolean cancelAsked;

  Operation(String id, String kind, String subject, Clock clock) {
    this(id, kind, subject, clock, clock.instant());
  }

  private Operation(String id, String kind, String subject, Clock clock, Instant begun) {
    this.id = id;
    this.kind = kind;
    this.subject = subject;
    this.clock = clock;
    this.begun = begun;
  }

  /** One that a daemon before this one ran. */
  static Operation ended(OperationStatus status, Clock clock) {
    Operation operation =
        new Operation(status.id(), status.kind(), status.subject(), clock, status.begun());
    operation.restore(status);
    return operation;
  }

  private void restore(OperationStatus status) {
    lock.lock();
    try {
      stages.addAll(status.stages());
    } finally {
      lock.unlock();
    }
    end(status);
  }

  String id() {
    return id;
  }

  @Override
  public void stage(String name) {
    lock.lock();
    try {
      closeStage();
      stage = name;
      stageBegan = System.nanoTime();
      done = 0;
      total = -1;
      change();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void bytes(long nowDone, long ofTotal) {
    lock.lock();
    try {
      done = nowDone;
      total = ofTotal;
      change();
    } finally {
      lock.unlock();
    }
  }

  /** Its thread has begun; a cancel that came earlier is felt at once. */
  void runsOn(Thread thread) {
    lock.lock();
    try {
      worker = thread;
      if (cancelAsked) {
        thread.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  /** False when it has ended already. */
  boolean cancel() {
    lock.lock();
    try {
      if (state != State.RUNNING) {
        return false;
      }
      if (worker != null && !cancelAsked) {
        worker.interrupt(); // once: what undoes the work must not be cut short
      }
      cancelAsked = true;
      return true;
    } finally {
      lock.unlock();
    }
  }

  boolean cancelAsked() {
    lock.lock();
    try {
      return cancelAsked;
    } finally {
      lock.unlock();
    }
  }

  /** How it will look once it has ended; nobody sees it yet. */
  OperationStatus ending(State how, String with, @Nullable BangerException failure) {
    lock.lock();
    try {
      closeStage();
      OperationStatus now = snapshot();
      return new OperationStatus(
          id,
          kind,
          subject,
          how,
          now.version() + 1,
          "",
          now.done(),
          now.total(),
          now.stages(),
          begun,
          Optional.of(clock.instant()),
          with,
          Optional.ofNullable(failure));
    } finally {
      lock.unlock();
    }
  }

  void end(OperationStatus with) {
    lock.lock();
    try {
      state = with.state();
      result = with.result();
      error = with.error().orElse(null);
      ended = with.ended().orElse(null);
      worker = null;
      change();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private void closeStage() {
    if (!stage.isEmpty()) {
      stages.add(
          new OperationStatus.Stage(stage, Duration.ofNanos(System.nanoTime() - stageBegan)));
      stage = "";
    }
  }

  @GuardedBy("lock")
  private void change() {
    version++;
    changed.signalAll();
  }

  OperationStatus status() {
    lock.lock();
    try {
      return snapshot();
    } finally {
      lock.unlock();
    }
  }

  /** Returns when it is newer than {@code seen}, has ended, or the limit is over. */
  OperationStatus await(long seen, Duration limit) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = limit.toNanos();
      while (version <= seen && state == State.RUNNING && left > 0) {
        left = changed.awaitNanos(left);
      }
      return snapshot();
    } finally {
      lock.unlock();
    }
  }

  @GuardedBy("lock")
  private OperationStatus snapshot() {
    return new OperationStatus(
        id,
        kind,
        subject,
        state,
        version,
        stage,
        done,
        total,
        stages,
        begun,
        Optional.ofNullable(ended),
        result,
        Optional.ofNullable(error));
  }

  /** Waits for the end. */
  OperationStatus awaitEnd() throws InterruptedException {
    OperationStatus now = status();
    while (now.state() == State.RUNNING) {
      now = await(now.version(), Duration.of(1, TimeUnit.HOURS.toChronoUnit()));
    }
    return now;
  }
}
