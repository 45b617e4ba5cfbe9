package dev.banger.vm;

import dev.banger.guest.Guest;
import dev.banger.model.BangerException;
import dev.banger.model.Durations;
import dev.banger.model.VmId;
import dev.banger.store.VmRow;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Looks at every running VM each second, and does what policies ask for when it is due: restart,
 * expiry, idle stop. One thread looks; what takes time is done on threads of its own.
 */
final class Supervisor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);
  static final Duration ROUND = Duration.ofSeconds(1);
  private static final Duration AGAIN = Duration.ofSeconds(30);
  private static final Duration JUMP = Duration.ofSeconds(5);
  private static final Duration LONGEST_SAMPLE = Duration.ofSeconds(10);

  /** What it asks for; each call is made on a thread of its own, under no lock. */
  interface Actions {
    /** Starts a VM whose restart is due; nothing to do when it is not any more. */
    void restart(VmId id) throws BangerException, InterruptedException;

    /** Stops and deletes a VM whose lifetime is over. */
    void expire(VmId id, String why) throws BangerException, InterruptedException;

    void stop(VmId id, String why) throws BangerException, InterruptedException;

    /** Writes down how it came out, which could not be done before. */
    void settle(VmId id) throws BangerException, InterruptedException;
  }

  private final Supplier<Collection<LiveVm>> live;
  private final Outcomes outcomes;
  private final Transitions transitions;
  private final Schedule schedule;
  private final Actions actions;
  private final Function<LiveVm, Health> examiner;
  private final Clock clock;
  private final LongSupplier nanos;
  private final Map<LiveVm, Health> health = new HashMap<>();
  private final Map<LiveVm, Idle> idle = new HashMap<>();
  private final Set<Schedule.Due> working = ConcurrentHashMap.newKeySet();
  private final Semaphore news = new Semaphore(0);
  private final Thread thread = Thread.ofVirtual().name("supervisor").unstarted(this::run);
  private volatile boolean closed;
  private long lastRound;
  private Instant lastWall;

  /** Of one VM with an idle stop; its thread alone samples. */
  private static final class Idle {
    private final IdleWatch watch;
    private final Duration every;
    private long next;
    private volatile boolean busy;

    Idle(Duration limit, long now) {
      Duration fifth = limit.dividedBy(5);
      this.watch = new IdleWatch(now);
      this.every = fifth.compareTo(LONGEST_SAMPLE) > 0 ? LONGEST_SAMPLE : fifth;
      this.next = now;
    }
  }

  Supervisor(
      Supplier<Collection<LiveVm>> live,
      Outcomes outcomes,
      Transitions transitions,
      Actions actions,
      Function<LiveVm, Health> examiner,
      Clock clock,
      LongSupplier nanos) {
    this.live = live;
    this.outcomes = outcomes;
    this.transitions = transitions;
    this.actions = actions;
    this.examiner = examiner;
    this.clock = clock;
    this.nanos = nanos;
    this.schedule = new Schedule(clock);
    this.lastRound = nanos.getAsLong();
    this.lastWall = clock.instant();
  }

  /** Goes by these rows, and by every change of one from now on. */
  void begin(List<VmRow> rows) {
    rows.forEach(this::follow);
    transitions.onChange(this::follow);
    thread.start();
  }

  /** A row as it is now. */
  void follow(VmRow row) {
    schedule.follow(row, nanos.getAsLong());
    news.release();
  }

  private void run() {
    try {
      while (!closed) {
        round();
        boolean _ = news.tryAcquire(pause().toNanos(), TimeUnit.NANOSECONDS);
        news.drainPermits();
      }
    } catch (InterruptedException e) {
      LOG.debug("the supervisor ends", e);
    }
  }

  private Duration pause() {
    Optional<Duration> next = schedule.untilNext(nanos.getAsLong());
    return next.isPresent() && next.get().compareTo(ROUND) < 0 ? next.get() : ROUND;
  }

  /** One look at everything. */
  void round() {
    long now = nanos.getAsLong();
    Duration gap = Duration.ofNanos(now - lastRound);
    noticeJump(gap);
    lastRound = now;
    for (LiveVm vm : live.get()) {
      try {
        Optional<VmRow> row = transitions.row(vm.id());
        if (row.isPresent()) {
          health.computeIfAbsent(vm, examiner).examine(row.get(), gap);
          row.get().policy().idleStop().ifPresent(limit -> watchIdle(vm, row.get(), limit, now));
        }
      } catch (BangerException | RuntimeException e) {
        LOG.warn("vm=" + vm.name() + " cannot be looked at", e);
      }
    }
    health.keySet().retainAll(live.get());
    idle.keySet().retainAll(live.get());
    for (VmId id : outcomes.unwritten()) {
      schedule.again(new Schedule.Due(id, Schedule.Matter.OUTCOME), ROUND, now);
    }
    schedule.take(now).forEach(this::fire);
  }

  /** The wall clock was set, or the host slept: lifetimes go on from where they were. */
  private void noticeJump(Duration gap) {
    Instant wall = clock.instant();
    Duration jump = Duration.between(lastWall, wall).minus(gap);
    lastWall = wall;
    if (jump.abs().compareTo(JUMP) < 0) {
      return;
    }
    LOG.warn("the clock jumped by {}: lifetimes and pauses are not touched", jump);
    try {
      transitions.shiftTimes(jump);
    } catch (BangerException e) {
      LOG.warn("lifetimes cannot be moved along with the clock", e);
    }
  }

  private void fire(Schedule.Due due) {
    if (!working.add(due)) {
      schedule.again(due, ROUND, nanos.getAsLong()); // its last time is not over yet
      return;
    }
    Thread.ofVirtual()
        .name(due.matter() + "-" + due.id())
        .start(() -> {
          try {
            act(due);
          } catch (BangerException | RuntimeException e) {
            LOG.atLevel(due.matter() == Schedule.Matter.OUTCOME ? Level.DEBUG : Level.WARN)
                .setCause(e)
                .log("vm={} {} failed; it is tried again", due.id(), due.matter());
            schedule.again(due, pause(due), nanos.getAsLong());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            working.remove(due);
          }
        });
  }

  private static Duration pause(Schedule.Due due) {
    return due.matter() == Schedule.Matter.OUTCOME ? ROUND : AGAIN;
  }

  private void act(Schedule.Due due) throws BangerException, InterruptedException {
    switch (due.matter()) {
      case OUTCOME -> actions.settle(due.id());
      case RESTART -> {
        actions.restart(due.id());
        boolean stillDue =
            transitions.row(due.id()).filter(row -> row.restarts().due().isPresent()).isPresent();
        if (stillDue) { // it was cancelled; a next one that is planned already comes at its time
          schedule.again(due, AGAIN, nanos.getAsLong());
        }
      }
      case EXPIRY -> {
        Optional<VmRow> row = transitions.row(due.id());
        if (row.isPresent() && row.get().policy().expires().isPresent()) {
          Duration ttl = row.get().policy().ttl().orElse(Duration.ZERO);
          actions.expire(due.id(), "its lifetime of " + Durations.text(ttl) + " is over");
        }
      }
    }
  }

  private void watchIdle(LiveVm vm, VmRow row, Duration limit, long now) {
    Idle state = idle.computeIfAbsent(vm, _ -> new Idle(limit, now));
    Guest guest = vm.connectedGuest().orElse(null);
    if (guest == null || state.busy || now - state.next < 0 || vm.isStopping()) {
      return;
    }
    state.busy = true;
    state.next = now + state.every.toNanos();
    Thread.ofVirtual().name("idle-" + row.name()).start(() -> sample(vm, guest, state, limit));
  }

  private void sample(LiveVm vm, Guest guest, Idle state, Duration limit) {
    try {
      int streams = guest.busyStreams();
      Duration unused = state.watch.sample(streams, guest.stats(), nanos.getAsLong());
      if (unused.compareTo(limit) >= 0 && !vm.isStopping()) {
        actions.stop(vm.id(), "nobody used it for " + Durations.text(limit));
      }
    } catch (BangerException e) {
      LOG.debug("vm=" + vm.name() + " cannot be asked whether it is idle", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      state.busy = false;
    }
  }

  /** Nothing that it asked for is still being done. */
  boolean isQuiet() {
    return working.isEmpty();
  }

  @Override
  public void close() {
    closed = true;
    news.release();
  }
}
