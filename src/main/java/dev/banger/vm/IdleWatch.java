package dev.banger.vm;

import dev.banger.guest.GuestStats;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Tells for how long nobody has used a VM: no program, copy or connection over its channel, its
 * processors all but idle, nothing worth mentioning over its network.
 */
final class IdleWatch {
  /** Of one processor: an idle system with its timers stays well below. */
  private static final double CPU_FLOOR = 0.05;

  private static final double BYTES_A_SECOND_FLOOR = 2_000;

  private long usedAt;
  private long sampledAt;
  private @Nullable GuestStats last;

  IdleWatch(long now) {
    this.usedAt = now;
    this.sampledAt = now;
  }

  /**
   * Takes a sample; returns for how long it has been idle.
   *
   * @param streams that are open over the channel
   */
  Duration sample(int streams, GuestStats stats, long now) {
    GuestStats before = last;
    double seconds = (now - sampledAt) / 1e9;
    if (streams > 0 || before == null || busy(before, stats, seconds)) {
      usedAt = now;
    }
    last = stats;
    sampledAt = now;
    return Duration.ofNanos(now - usedAt);
  }

  private static boolean busy(GuestStats before, GuestStats now, double seconds) {
    double cpu = (work(now) - work(before)) / 1e9;
    double bytes = traffic(now) - traffic(before);
    return cpu > CPU_FLOOR * seconds || bytes > BYTES_A_SECOND_FLOOR * seconds;
  }

  private static long work(GuestStats stats) {
    return stats.cpuTime().user().plus(stats.cpuTime().system()).toNanos();
  }

  private static long traffic(GuestStats stats) {
    return stats.nics().stream()
        .filter(nic -> !nic.name().equals("lo"))
        .mapToLong(nic -> nic.received().bytes() + nic.sent().bytes())
        .sum();
  }
}
