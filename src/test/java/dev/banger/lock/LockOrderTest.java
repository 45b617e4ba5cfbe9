package dev.banger.lock;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LockOrderTest {
  record Pair(LockRank outer, LockRank inner) {
    boolean allowed() {
      return switch (outer) {
        case VM -> inner != LockRank.VM;
        case WORKSPACE ->
            inner == LockRank.CREATE_VM || inner == LockRank.IMAGE_OPS || inner == LockRank.LEAF;
        case CREATE_VM, IMAGE_OPS -> inner == LockRank.LEAF;
        case LEAF -> false;
      };
    }
  }

  static List<Pair> everyPair() {
    List<Pair> pairs = new ArrayList<>();
    for (LockRank outer : LockRank.values()) {
      for (LockRank inner : LockRank.values()) {
        pairs.add(new Pair(outer, inner));
      }
    }
    return pairs;
  }

  @ParameterizedTest
  @MethodSource("everyPair")
  void onlyDeeperLocksMayBeTaken(Pair pair) {
    Runnable nested = () -> take(pair.outer(), () -> take(pair.inner(), () -> {}));
    if (pair.allowed()) {
      assertThatCode(nested::run).doesNotThrowAnyException();
    } else {
      assertThatThrownBy(nested::run)
          .isInstanceOf(AssertionError.class)
          .hasMessageContaining(pair.inner() + "[")
          .hasMessageContaining("under " + pair.outer());
    }
  }

  private static void take(LockRank rank, Runnable then) {
    if (rank == LockRank.LEAF) {
      LeafLock leaf = new LeafLock("test");
      leaf.lock();
      try {
        then.run();
      } finally {
        leaf.unlock();
      }
      return;
    }
    try (var _ = new OrderedLock(rank, "test").acquire()) {
      then.run();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aProofForAnotherLockIsRefused() throws InterruptedException {
    KeyedLocks<String> locks = new KeyedLocks<>(LockRank.VM);
    try (Held a = locks.acquire("a")) {
      a.requireFor(locks.of("a"));
      assertThatThrownBy(() -> a.requireFor(locks.of("b"))).isInstanceOf(AssertionError.class);
    }
  }

  @Test
  void slowWorkUnderAForbiddenLockIsSeen() throws InterruptedException {
    try (var _ = new OrderedLock(LockRank.IMAGE_OPS, "images").acquire()) {
      assertThatThrownBy(() -> OrderedLock.requireNotHeld(LockRank.IMAGE_OPS))
          .isInstanceOf(AssertionError.class);
    }
    OrderedLock.requireNotHeld(LockRank.IMAGE_OPS);
  }
}
