package dev.banger.vm;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.store.EventTable;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.Condition;

/**
 * What happened to VMs, to be read from any cursor on. Readers read the table, each at its own
 * pace: none can hold up another, or what it reads about.
 */
public final class Events {
  private static final int BATCH = 500;

  private final EventTable table;
  private final LeafLock lock = new LeafLock("events");
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private long version;

  /**
   * @param bootId of this host: cursors that its last end may have taken back are not given out
   *     again
   */
  Events(EventTable table, String bootId) throws BangerException {
    this.table = table;
    table.beginBoot(bootId);
  }

  /** There are new ones. */
  void wake() {
    lock.lock();
    try {
      version++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** To be asked before {@link #after}, for {@link #await}: what comes between is not missed. */
  public long version() {
    lock.lock();
    try {
      return version;
    } finally {
      lock.unlock();
    }
  }

  /** Returns when something was written since then, or at the limit. */
  public void await(long seenVersion, Duration limit) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = limit.toNanos();
      while (version == seenVersion && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next ones behind the cursor, of one VM when it is given. An error when some that came
   * behind it are no longer kept, or when no event ever had this cursor.
   */
  public EventTable.Batch after(long cursor, Optional<VmId> vm) throws BangerException {
    EventTable.Batch batch = table.after(cursor, vm, BATCH);
    if (cursor < batch.pruned()) {
      throw new BangerException(
          ErrorCode.NOT_FOUND,
          "the events "
              + (cursor + 1)
              + " to "
              + batch.pruned()
              + " are no longer kept: the newest "
              + EventTable.KEPT
              + " are",
          "look at the VMs anew (vm.list), then go on from cursor " + batch.pruned());
    }
    if (cursor > batch.newest()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "no event has had the cursor " + cursor + " yet; the newest is " + batch.newest(),
          "a cursor holds for one data directory: begin without one");
    }
    return batch;
  }

  /** The VM that last had this name or id, when something is kept about it. */
  public Optional<VmId> lastKnown(String nameOrId) throws BangerException {
    return table.lastKnown(nameOrId);
  }

  /** What the newest event says that the VM became, when one is kept. */
  Optional<String> lastState(VmId vm) throws BangerException {
    return table.lastState(vm);
  }

  /** The cursor behind which everything is that happens from now on. */
  public long newest() throws BangerException {
    return table.window().newest();
  }

  /** The cursor behind which everything is that is kept. */
  public long oldest() throws BangerException {
    return table.window().pruned();
  }

  /** The cursor behind which everything is that happened since then, as far as it is kept. */
  public long before(Instant time) throws BangerException {
    return table.before(time);
  }
}
