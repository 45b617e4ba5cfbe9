package dev.banger.vm;

import dev.banger.capability.SnapshotDisks;
import dev.banger.capability.VmDisk;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestStats;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.store.VmRow;
import dev.banger.vmm.VmmUsage;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Looks at VMs and changes nothing: what they use, whether they answer, whether they are well.
 * Takes no lock, and waits for no guest longer than a few seconds.
 */
public final class Observer {
  /** A guest that hangs must not keep the others' figures away. */
  private static final Duration GUEST_LIMIT = Duration.ofSeconds(2);

  private static final Duration PING_LIMIT = Duration.ofSeconds(5);

  /** A VM, and its live side if it runs. */
  private record Subject(VmRow row, VmState state, @Nullable LiveVm live) {}

  private final Vms vms;
  private final Lifecycle lifecycle;
  private final SnapshotDisks disks;
  private final Directories directories;
  private final Clock clock;

  Observer(Vms vms, Lifecycle lifecycle, VmParts parts) {
    this.vms = vms;
    this.lifecycle = lifecycle;
    this.disks = parts.disks();
    this.directories = parts.directories();
    this.clock = parts.clock();
  }

  /** Of these VMs, in this order; of all that run when none is named. */
  public List<VmStats> stats(List<String> names) throws BangerException, InterruptedException {
    return each(subjects(names), this::stats);
  }

  /** How long the guest's agent takes to answer. */
  public Duration ping(String name) throws BangerException, InterruptedException {
    Subject subject = subject(vms.show(name));
    return guest(subject).ping(PING_LIMIT);
  }

  /** All that is good and bad about these VMs; about all that run when none is named. */
  public List<VmHealth> health(List<String> names) throws BangerException, InterruptedException {
    return each(
        subjects(names),
        subject -> {
          VmStats stats = stats(subject);
          return new VmHealth(
              subject.row(),
              new Examination(subject.row(), subject.state(), stats, subject.live()).run());
        });
  }

  private List<Subject> subjects(List<String> names) throws BangerException {
    List<Subject> subjects = new ArrayList<>();
    for (String name : names) {
      subjects.add(subject(vms.show(name)));
    }
    if (names.isEmpty()) {
      for (VmView view : vms.list()) {
        Subject subject = subject(view);
        if (subject.live() != null) {
          subjects.add(subject);
        }
      }
    }
    return subjects;
  }

  private Subject subject(VmView view) {
    return new Subject(view.row(), view.state(), lifecycle.live(view.row().id()));
  }

  @FunctionalInterface
  private interface Look<T> {
    T at(Subject subject) throws BangerException, InterruptedException;
  }

  /** All at once: each may wait for its guest. */
  private static <T> List<T> each(List<Subject> subjects, Look<T> look)
      throws BangerException, InterruptedException {
    List<T> found = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> looks = new ArrayList<>();
      for (Subject subject : subjects) {
        looks.add(threads.submit(() -> look.at(subject)));
      }
      for (Future<T> one : looks) {
        found.add(one.get());
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BangerException failure) {
        throw failure;
      }
      throw new BangerException(ErrorCode.INTERNAL, "cannot look at a VM", "see the log", e);
    }
    return found;
  }

  private VmStats stats(Subject subject) throws BangerException, InterruptedException {
    VmRow row = subject.row();
    LiveVm live = subject.live();
    VmStats.Inside inside = inside(subject);
    Instant now = clock.instant(); // with the guest's answer fresh: clocks are compared
    Optional<VmmUsage> usage = live == null ? Optional.empty() : live.vmm().usage();
    Duration uptime =
        row.life().started().map(then -> Duration.between(then, now)).orElse(Duration.ZERO);
    Optional<VmStats.Host> host =
        live == null
            ? Optional.empty()
            : usage.map(u -> new VmStats.Host(live.vmm().identity().pid(), uptime, u));
    return new VmStats(row, now, host, disks(row), inside);
  }

  private static VmStats.Inside inside(Subject subject) throws InterruptedException {
    try {
      Guest guest = guest(subject);
      long began = System.nanoTime();
      Duration roundTrip = guest.ping(GUEST_LIMIT);
      Duration left = GUEST_LIMIT.minusNanos(System.nanoTime() - began);
      GuestStats stats = guest.stats(left.isPositive() ? left : Duration.ofMillis(1));
      return new VmStats.Inside.Answered(stats, roundTrip);
    } catch (BangerException e) {
      String why = e.getMessage() + (e.reason().isEmpty() ? "" : ": " + e.reason());
      return new VmStats.Inside.Missing(why);
    }
  }

  private static Guest guest(Subject subject) throws BangerException, InterruptedException {
    if (subject.live() == null) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          subject.row().name() + " is not running",
          "start it: banger vm start " + subject.row().name());
    }
    return subject.live().guest(Duration.ZERO);
  }

  /** What a VM has while it runs; empty when its driver cannot tell. */
  Optional<VmRow.Shape> running(VmRow row, LiveVm live) {
    return live.vmm()
        .machine()
        .map(machine -> new VmRow.Shape(machine.cpus(), machine.memory(), smallestDisk(row)));
  }

  private ByteSize smallestDisk(VmRow row) {
    try {
      return disks(row).stream()
          .map(VmStats.Disk::size)
          .min(ByteSize::compareTo)
          .orElse(row.shape().disk());
    } catch (BangerException e) {
      return row.shape().disk(); // it goes with its VM
    }
  }

  /** Those that are made; none before the first start. */
  private List<VmStats.Disk> disks(VmRow row) throws BangerException {
    List<VmStats.Disk> found = new ArrayList<>();
    for (VmDisk disk : disks.of(row.id(), directories.vm(row.id()), row.shape().disk())) {
      found.add(new VmStats.Disk(disk.name(), disk.size(), disk.allocated(), disk.note()));
    }
    return found;
  }
}
