package dev.banger.lock;

/** Proof that its owner holds an {@link OrderedLock}; closing it lets go. Belongs to one thread. */
public final class Held implements AutoCloseable {
  private final OrderedLock lock;
  private boolean open = true;

  Held(OrderedLock lock) {
    this.lock = lock;
  }

  /** Checks that this is a proof for {@code wanted}, still good. */
  public void requireFor(OrderedLock wanted) {
    if (lock != wanted || !open || !LockOrder.holds(wanted)) {
      LockOrder.violation("needs " + wanted + " but was given a proof for " + lock);
    }
  }

  @Override
  public void close() {
    if (open) {
      open = false;
      lock.release();
    }
  }
}
