package dev.banger.proof;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Lets the clients of a storm go on, or holds them between two calls. */
final class Gate {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private int inside;
  private boolean closed;

  /** Waits while the gate is closed. */
  void enter() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (closed) {
        changed.await();
      }
      inside++;
    } finally {
      lock.unlock();
    }
  }

  void leave() {
    lock.lock();
    try {
      inside--;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** From now on nobody enters; whoever is inside goes on. */
  void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
  }

  void awaitEmpty() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (inside > 0) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  void open() {
    lock.lock();
    try {
      closed = false;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
