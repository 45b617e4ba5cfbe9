package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.VmId;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class UnclaimedTest {
  private static final VmId FIRST = new VmId("000000000001");
  private static final VmId LATER = new VmId("000000000002");

  private final BlockingQueue<VmId> removed = new LinkedBlockingQueue<>();
  private final Unclaimed unclaimed = new Unclaimed(Duration.ofMillis(100), removed::add);

  /** When the later one is removed, the time of the first is over. */
  private void assertOnlyTheLaterIsRemoved() throws InterruptedException {
    unclaimed.expect(LATER);
    assertThat(removed.poll(30, TimeUnit.SECONDS)).isEqualTo(LATER);
    assertThat(removed).isEmpty();
  }

  @Test
  void whomNobodyClaimsIsRemovedOnce() throws InterruptedException {
    unclaimed.expect(FIRST);
    unclaimed.expect(FIRST);
    assertThat(removed.poll(30, TimeUnit.SECONDS)).isEqualTo(FIRST);
    assertOnlyTheLaterIsRemoved();
  }

  @Test
  void whoIsClaimedStays() throws InterruptedException {
    unclaimed.expect(FIRST);
    unclaimed.claim(FIRST);
    assertOnlyTheLaterIsRemoved();
  }

  @Test
  void whoWaitsWhenTheDaemonEndsIsLeftToTheNext() throws InterruptedException {
    unclaimed.expect(FIRST);
    unclaimed.close();
    assertOnlyTheLaterIsRemoved();
  }
}
