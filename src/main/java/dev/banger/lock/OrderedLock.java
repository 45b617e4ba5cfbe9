package dev.banger.lock;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Guards a stretch of work. Its rank is compared with all that the thread holds before it waits, so
 * a wrong order fails even without contention.
 */
public final class OrderedLock implements Ranked {
  private static final long REPORT_SECONDS = 30;

  private final LockRank rank;
  private final String name;
  private final ReentrantLock lock = new ReentrantLock(true);
  private volatile @Nullable Thread holder;

  public OrderedLock(LockRank rank, String name) {
    this.rank = rank;
    this.name = name;
  }

  /** Waits, interruptibly; says who holds it every 30 s. */
  public Held acquire() throws InterruptedException {
    LockOrder.checkMayTake(this);
    while (!lock.tryLock(REPORT_SECONDS, TimeUnit.SECONDS)) {
      Thread by = holder;
      LockOrder.logger()
          .log(
              System.Logger.Level.WARNING,
              "waits for {0}, held by {1}",
              this,
              by == null ? "nobody known" : by.getName());
    }
    holder = Thread.currentThread();
    LockOrder.taken(this);
    return new Held(this);
  }

  /** Does not wait; empty when another thread holds it. */
  public Optional<Held> tryAcquire() {
    LockOrder.checkMayTake(this);
    if (!lock.tryLock()) {
      return Optional.empty();
    }
    holder = Thread.currentThread();
    LockOrder.taken(this);
    return Optional.of(new Held(this));
  }

  /** Waits so long; empty when another thread holds it even then. */
  public Optional<Held> tryAcquire(Duration limit) throws InterruptedException {
    LockOrder.checkMayTake(this);
    if (!lock.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS)) {
      return Optional.empty();
    }
    holder = Thread.currentThread();
    LockOrder.taken(this);
    return Optional.of(new Held(this));
  }

  void release() {
    holder = null;
    LockOrder.released(this);
    lock.unlock();
  }

  /** Slow work begins with this. */
  public static void requireNotHeld(LockRank rank) {
    LockOrder.requireNotHeld(rank);
  }

  @Override
  public LockRank rank() {
    return rank;
  }

  @Override
  public String toString() {
    return rank + "[" + name + "]";
  }
}
