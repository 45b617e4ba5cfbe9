package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.guest.GuestStats;
import dev.banger.model.ByteSize;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class IdleWatchTest {
  private static final Duration STEP = Duration.ofSeconds(10);
  private static final ByteSize NONE = new ByteSize(0);

  private final IdleWatch watch = new IdleWatch(0);
  private Duration now = Duration.ZERO;
  private Duration work = Duration.ZERO;
  private long bytes;

  private Duration sample(int streams) {
    now = now.plus(STEP);
    GuestStats stats =
        new GuestStats(
            now,
            1,
            new GuestStats.CpuTime(
                work, Duration.ZERO, now.minus(work), Duration.ZERO, Duration.ZERO),
            new GuestStats.Memory(NONE, NONE, NONE, NONE, NONE, NONE),
            new GuestStats.LoadAverage(0, 0, 0),
            1,
            List.of(),
            List.of(nic("lo", 1L << 40), nic("eth0", bytes)),
            List.of(),
            Optional.empty());
    return watch.sample(streams, stats, now.toNanos());
  }

  private static GuestStats.Nic nic(String name, long bytes) {
    return new GuestStats.Nic(name, new ByteSize(bytes), NONE, 0, 0);
  }

  @Test
  void itIsIdleSinceTheFirstSampleWhileNothingHappens() {
    assertThat(sample(0)).isZero();
    assertThat(sample(0)).isEqualTo(STEP);
    assertThat(sample(0)).isEqualTo(STEP.multipliedBy(2));
  }

  @Test
  void aProgramThatOnlyWaitsIsUse() {
    sample(0);
    sample(0);
    assertThat(sample(1)).isZero();
    assertThat(sample(0)).isEqualTo(STEP);
  }

  @Test
  void workOfItsProcessorsIsUseButTimersAreNot() {
    sample(0);
    work = work.plus(Duration.ofMillis(400)); // 4 % of one processor
    assertThat(sample(0)).isEqualTo(STEP);
    work = work.plus(Duration.ofSeconds(2));
    assertThat(sample(0)).isZero();
  }

  @Test
  void trafficOverItsNetworkIsUseButAFewPacketsAreNot() {
    sample(0);
    bytes += 10_000;
    assertThat(sample(0)).isEqualTo(STEP);
    bytes += 1_000_000;
    assertThat(sample(0)).isZero();
  }
}
