package dev.banger.lock;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.proof.Linearizability;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Test;

/** What is done under the lock of one key is done by one thread at a time. */
@Param(name = "key", gen = IntGen.class, conf = "0:1")
public class KeyedLocksLincheckTest {
  private final KeyedLocks<Integer> locks = new KeyedLocks<>(LockRank.VM);
  private final int[] counts = new int[2];

  @Operation
  public int count(@Param(name = "key") int key) throws InterruptedException {
    try (Held _ = locks.acquire(key)) {
      int before = counts[key];
      counts[key] = before + 1;
      return before + 1;
    }
  }

  /** The same, with nothing that keeps threads apart. */
  public static class WithoutLocks {
    private final int[] counts = new int[1];

    @Operation
    public int count() {
      int before = counts[0];
      counts[0] = before + 1;
      return before + 1;
    }
  }

  @Test
  void oneThreadAtATime() {
    Linearizability.requireInEveryOrder(KeyedLocksLincheckTest.class);
  }

  @Test
  void threadsThatAreNotKeptApartAreFound() {
    assertThatThrownBy(() -> Linearizability.requireInEveryOrder(WithoutLocks.class))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("count()");
  }
}
