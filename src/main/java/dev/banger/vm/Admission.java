package dev.banger.vm;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.config.Config;
import dev.banger.doctor.HostRoom;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Durations;
import dev.banger.model.Progress;
import dev.banger.model.VmId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Who may start. What is admitted is reserved until the VM runs, so that two starts never take the
 * same room. Those that wait are admitted in the order in which they came; one that does not wait
 * takes what is free now, or is refused.
 */
final class Admission {
  /** Room comes back without a word: a program of the host ends, a file is deleted. */
  private static final Duration LOOK_AGAIN = Duration.ofMillis(500);

  /** Of a VM that is to be. */
  static final VmId NOBODY = new VmId("000000000000");

  private static final Duration SAY_AGAIN = Duration.ofSeconds(5);

  /** One who waits; each is another. */
  private static final class Ticket {}

  private final VmParts.Room host;
  private final Config.Admission rules;
  private final Supplier<Map<VmId, ByteSize>> running;
  private final LeafLock lock = new LeafLock("admission");
  private final Condition released = lock.newCondition();

  @GuardedBy("lock")
  private final Set<Reservation> starting = new LinkedHashSet<>();

  @GuardedBy("lock")
  private final List<Ticket> waiting = new ArrayList<>();

  /** Counts what others may wait for. */
  @GuardedBy("lock")
  private long changes;

  /**
   * @param running memory of each VM that runs; answers at once and takes no lock
   */
  Admission(VmParts.Room host, Config.Admission rules, Supplier<Map<VmId, ByteSize>> running) {
    this.host = host;
    this.rules = rules;
    this.running = running;
  }

  /** Room for one start; closing gives it back, which is right too once the VM runs. */
  final class Reservation implements AutoCloseable {
    private final VmId id;
    private volatile Need need;

    private Reservation(VmId id, Need need) {
      this.id = id;
      this.need = need;
    }

    /** The VM was changed between its admission and its lock: more needs to be asked for anew. */
    void require(String what, Need wanted) throws BangerException {
      if (wanted.equals(need)) {
        return;
      }
      Need before = need;
      need = wanted; // taken first: another start must not take it between look and take
      Optional<Shortage> shortage = budgetFor(id).shortage(wanted);
      if (shortage.isPresent()) {
        need = before;
        throw shortage.get().refusal(what);
      }
    }

    @Override
    public void close() {
      lock.lock();
      try {
        starting.remove(this);
        changes++;
        released.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Takes room now, or throws NO_SPACE with the numbers; {@code what} as {@code start web}. */
  Reservation admit(VmId id, String what, Need need) throws BangerException {
    Reservation wanted = new Reservation(id, need);
    Optional<Shortage> shortage = take(wanted, null);
    if (shortage.isPresent()) {
      throw shortage.get().refusal(what);
    }
    return wanted;
  }

  private Budget budgetFor(VmId id) throws BangerException {
    HostRoom room = host.look();
    lock.lock();
    try {
      return budget(room, running.get(), starting, id);
    } finally {
      lock.unlock();
    }
  }

  /** Refuses early what {@link #admit}, or {@link #await}, would refuse; takes nothing. */
  void check(VmId id, String what, Need need, Optional<Duration> wait) throws BangerException {
    Optional<Shortage> shortage = budgetFor(id).shortage(need);
    if (shortage.isPresent() && (wait.isEmpty() || shortage.get().hopeless())) {
      throw shortage.get().refusal(what);
    }
  }

  /** Refuses what could not even start on a host without other VMs. */
  void refuseHopeless(String what, Need need) throws BangerException {
    HostRoom room = host.look();
    Optional<Shortage> shortage = budget(room, Map.of(), Set.of(), NOBODY).shortage(need);
    if (shortage.isPresent()
        && (shortage.get().hopeless() || shortage.get().resource().equals("disk"))) {
      throw shortage.get().refusal(what);
    }
  }

  /**
   * As {@link #admit}, waiting for room when there is none.
   *
   * @param need asked again and again: it may change meanwhile
   */
  Reservation await(VmId id, String what, NeedNow need, Duration limit, Progress progress)
      throws BangerException, InterruptedException {
    Ticket ticket = new Ticket();
    long until = System.nanoTime() + limit.toNanos();
    Notice notice = new Notice(progress);
    enqueue(ticket);
    try {
      while (true) {
        Reservation wanted = new Reservation(id, need.now());
        Optional<Shortage> shortage = take(wanted, ticket);
        if (shortage.isEmpty()) {
          return wanted;
        }
        long left = until - System.nanoTime();
        if (shortage.get().hopeless()) {
          throw shortage.get().refusal(what);
        }
        if (left <= 0) {
          throw shortage.get().refusal(what + ", for which it waited " + Durations.text(limit));
        }
        notice.show(shortage.get());
        pause(Math.min(left, LOOK_AGAIN.toNanos()));
      }
    } finally {
      dequeue(ticket);
    }
  }

  /** What a VM needs, as it is written down now. */
  @FunctionalInterface
  interface NeedNow {
    Need now() throws BangerException;
  }

  /** Empty when the room is taken. */
  private Optional<Shortage> take(Reservation wanted, @Nullable Ticket ticket)
      throws BangerException {
    HostRoom room = host.look();
    lock.lock();
    try {
      int before = ticket == null ? 0 : waiting.indexOf(ticket);
      if (before > 0) {
        return Optional.of(
            new Shortage(
                "its turn",
                before + (before == 1 ? " VM waits" : " VMs wait") + " before it",
                before + " VMs wait for room before it",
                "wait longer, or cancel those",
                false));
      }
      Optional<Shortage> shortage =
          budget(room, running.get(), starting, wanted.id).shortage(wanted.need);
      if (shortage.isEmpty()) {
        starting.add(wanted);
      }
      return shortage;
    } finally {
      lock.unlock();
    }
  }

  /** Without the VM itself: its restart takes the room that it has already. */
  private Budget budget(HostRoom room, Map<VmId, ByteSize> runs, Set<Reservation> starts, VmId id) {
    Set<VmId> begun = starts.stream().map(r -> r.id).collect(Collectors.toSet());
    return new Budget(
        room,
        rules,
        runs.entrySet().stream()
            .filter(vm -> !vm.getKey().equals(id) && !begun.contains(vm.getKey()))
            .map(Map.Entry::getValue)
            .toList(),
        starts.stream().filter(r -> !r.id.equals(id)).map(r -> r.need).toList());
  }

  private void enqueue(Ticket ticket) {
    lock.lock();
    try {
      waiting.add(ticket);
    } finally {
      lock.unlock();
    }
  }

  private void dequeue(Ticket ticket) {
    lock.lock();
    try {
      waiting.remove(ticket);
      changes++;
      released.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void pause(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long seen = changes;
      long left = nanos;
      while (changes == seen && left > 0) {
        left = released.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Tells what is waited for: at once when that changes, now and then when the numbers do. */
  private static final class Notice {
    private final Progress progress;
    private String resource = "";
    private String text = "";
    private long said;
    private Duration pause = SAY_AGAIN;

    Notice(Progress progress) {
      this.progress = progress;
    }

    void show(Shortage shortage) {
      String now = "waiting for " + shortage.resource() + ": " + shortage.brief();
      boolean other = !shortage.resource().equals(resource);
      if (other || (!now.equals(text) && System.nanoTime() - said > pause.toNanos())) {
        progress.stage(now);
        resource = shortage.resource();
        text = now;
        said = System.nanoTime();
        pause = pause.multipliedBy(2); // a long wait has few stages, too
      }
    }
  }
}
