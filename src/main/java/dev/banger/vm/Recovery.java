package dev.banger.vm;

import dev.banger.journal.Journal;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.ops.Operations;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.Vmm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the host and the records agree when a daemon starts, and from then on: VMMs that run are
 * taken over, all VMs at once; then what was half done is undone, each VM's under its lock; then
 * what belongs to nobody is removed, again and again.
 */
final class Recovery {
  private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
  private static final Duration ACCOUNT_LIMIT = Duration.ofSeconds(5);

  private final VmTable table;
  private final Vmm driver;
  private final Journal journal;
  private final Operations operations;
  private final List<VmParts.Sweep> sweeps;
  private final Duration period;
  private final Lifecycle lifecycle;
  private final Remains remains;
  private final Reaper reaper;
  private final Transitions transitions;
  private final Directories directories;
  private final KeyedLocks<VmId> locks;
  private final Unclaimed unclaimed;
  private final VmParts.Sweep afterwards;
  private final Set<VmId> unaccounted = ConcurrentHashMap.newKeySet();
  private final CountDownLatch accounted = new CountDownLatch(1);
  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * @param afterwards run when every VM was taken over or is known to have ended
   */
  Recovery(
      VmParts parts,
      Lifecycle lifecycle,
      Remains remains,
      KeyedLocks<VmId> locks,
      Transitions transitions,
      Unclaimed unclaimed,
      VmParts.Sweep afterwards) {
    this.afterwards = afterwards;
    this.unclaimed = unclaimed;
    this.table = parts.table();
    this.driver = parts.driver();
    this.journal = parts.journal();
    this.operations = parts.operations();
    this.sweeps = parts.sweeps();
    this.period = parts.reaperPeriod();
    this.directories = parts.directories();
    this.lifecycle = lifecycle;
    this.remains = remains;
    this.transitions = transitions;
    this.reaper = new Reaper(parts, remains, locks, transitions);
    this.locks = locks;
  }

  /** Returns when the lock of every VM is held by its recovery: who begins now comes after it. */
  void begin() throws BangerException, InterruptedException {
    List<VmRow> rows = table.all();
    rows.forEach(row -> unaccounted.add(row.id()));
    CountDownLatch locked = new CountDownLatch(rows.size());
    List<Thread> recoveries = new ArrayList<>();
    for (VmRow row : rows) {
      recoveries.add(
          Thread.ofVirtual().name("recover-" + row.id()).start(() -> recover(row, locked)));
    }
    locked.await();
    noteAccounted();
    Thread.ofVirtual().name("reaper").start(() -> reap(recoveries));
  }

  private void recover(VmRow row, CountDownLatch locked) {
    try (Held held = locks.acquire(row.id())) {
      locked.countDown();
      recover(row, held);
    } catch (BangerException | RuntimeException e) {
      LOG.error("vm=" + row.name() + " cannot be recovered; it is tried again", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      account(row.id());
    }
  }

  /** What was begun is undone first: what is left then is a whole VM, or none. */
  private void recover(VmRow row, Held held) throws BangerException, InterruptedException {
    Reaper.attempt("what was told of vm=" + row.name(), () -> transitions.takeUp(row));
    if (!journal.leftovers(row.id().value()).isEmpty()) {
      LOG.info("vm={} was being worked on when the daemon ended: that is undone", row.name());
      account(row.id());
      reaper.settle(row.id().value());
    }
    Optional<VmRow> left = table.byId(row.id());
    if (left.isPresent()) {
      adopt(left.get(), held);
    }
  }

  private void adopt(VmRow row, Held held) throws BangerException, InterruptedException {
    Optional<RunningVmm> found =
        driver.adopt(row.id(), directories.vmRun(row.id()), directories.vm(row.id()));
    boolean halfMade = row.state() == VmRow.State.CREATING || row.state() == VmRow.State.DELETING;
    boolean useless = row.oneShot() && (found.isEmpty() || !found.get().alive() || retired(row));
    if (useless || halfMade) {
      LOG.info("vm={} is removed: the daemon ended during its {}", row.name(), row.state());
      account(row.id());
      remains.remove(row.id(), "the daemon ended during its " + row.state());
      return;
    }
    lifecycle.adopt(row, found, held);
    if (row.oneShot()) {
      unclaimed.expect(row.id());
    }
  }

  /** What a one-shot VM is called while it is removed. */
  static VmName retiredName(VmId id) {
    return new VmName("retired-" + id);
  }

  static boolean retired(VmRow row) {
    return row.name().equals(retiredName(row.id()));
  }

  private void account(VmId id) {
    unaccounted.remove(id);
    noteAccounted();
  }

  private void noteAccounted() {
    if (unaccounted.isEmpty()) {
      accounted.countDown();
    }
  }

  /** Waits until what is true of every VM is known. */
  void awaitAccounted() throws BangerException {
    try {
      if (!accounted.await(ACCOUNT_LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new BangerException(
            ErrorCode.UNAVAILABLE,
            "the daemon has not yet found out what became of " + unaccounted.size() + " VM(s)",
            "try again; `banger daemon logs` says what it waits for");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BangerException(ErrorCode.CANCELLED, "the wait for the VMs was cancelled", "", e);
    }
  }

  private void reap(List<Thread> recoveries) {
    try {
      for (Thread recovery : recoveries) {
        recovery.join();
      }
      Reaper.attempt("restarts that are due", afterwards::run);
      reaper.run();
      for (VmParts.Sweep sweep : sweeps) {
        Reaper.attempt("what is not whole", sweep::run);
      }
      Reaper.attempt("notes", () -> operations.interruptedAndUndone(reaper.undone()));
      journal.recovered();
      while (!closed.await(period.toNanos(), TimeUnit.NANOSECONDS)) {
        reaper.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void close() {
    closed.countDown();
  }
}
