package dev.banger.lock;

import java.util.concurrent.locks.ReentrantLock;

/**
 * Guards the fields of one class: {@code lock(); try { } finally { unlock(); }}. Nothing is taken
 * under it.
 */
public final class LeafLock extends ReentrantLock implements Ranked {
  private static final long serialVersionUID = 1L;

  private final String name;

  public LeafLock(String name) {
    this.name = name;
  }

  @Override
  public void lock() {
    LockOrder.checkMayTake(this);
    super.lock();
    LockOrder.taken(this);
  }

  @Override
  public void lockInterruptibly() throws InterruptedException {
    LockOrder.checkMayTake(this);
    super.lockInterruptibly();
    LockOrder.taken(this);
  }

  @Override
  public void unlock() {
    LockOrder.released(this);
    super.unlock();
  }

  @Override
  public LockRank rank() {
    return LockRank.LEAF;
  }

  @Override
  public String toString() {
    return "LEAF[" + name + "]";
  }
}
