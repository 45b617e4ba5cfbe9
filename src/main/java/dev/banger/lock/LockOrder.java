package dev.banger.lock;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What each thread holds, and the check made before it takes more. A violation is an {@link
 * AssertionError} with {@code -Dbanger.locks.strict=true} (all tests), else a logged stack trace.
 */
final class LockOrder {
  private static final boolean STRICT = Boolean.getBoolean("banger.locks.strict");
  private static final ThreadLocal<Deque<Ranked>> HELD = new HeldStack();

  /** A class and no lambda: the client's start pays for each of those. */
  private static final class HeldStack extends ThreadLocal<Deque<Ranked>> {
    @Override
    protected Deque<Ranked> initialValue() {
      return new ArrayDeque<>();
    }
  }

  private LockOrder() {}

  static void checkMayTake(Ranked lock) {
    for (Ranked held : HELD.get()) {
      if (!lock.rank().mayBeTakenUnder(held.rank())) {
        violation("takes " + lock + " under " + held);
      }
    }
  }

  static void taken(Ranked lock) {
    HELD.get().push(lock);
  }

  static void released(Ranked lock) {
    HELD.get().removeFirstOccurrence(lock);
  }

  static boolean holds(Ranked lock) {
    return HELD.get().contains(lock);
  }

  static void requireNotHeld(LockRank rank) {
    for (Ranked held : HELD.get()) {
      if (held.rank() == rank) {
        violation("does slow work under " + held);
      }
    }
  }

  static void violation(String what) {
    AssertionError error =
        new AssertionError("thread '" + Thread.currentThread().getName() + "' " + what);
    if (STRICT) {
      throw error;
    }
    logger().log(System.Logger.Level.ERROR, "lock order violated", error);
  }

  /** Looked up when there is something to say: the client takes locks too and must start fast. */
  static System.Logger logger() {
    return System.getLogger("dev.banger.lock");
  }
}
