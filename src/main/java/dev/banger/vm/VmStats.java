package dev.banger.vm;

import dev.banger.guest.GuestStats;
import dev.banger.model.ByteSize;
import dev.banger.store.VmRow;
import dev.banger.vmm.VmmUsage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What one VM uses, seen from both sides. Counters only rise while its VMM runs.
 *
 * @param at when this was seen
 * @param host empty when its VMM does not run
 */
public record VmStats(VmRow row, Instant at, Optional<Host> host, List<Disk> disks, Inside inside) {
  /** The VMM, as the host sees it. */
  public record Host(long pid, Duration uptime, VmmUsage usage) {}

  /**
   * A disk of its own.
   *
   * @param size what the guest sees
   * @param allocated what it takes of the host
   * @param note what is to be said about it; mostly empty
   */
  public record Disk(String name, ByteSize size, ByteSize allocated, String note) {}

  /** The guest's own figures, or why there are none. */
  public sealed interface Inside {
    /**
     * The guest has answered.
     *
     * @param roundTrip over the channel and back
     */
    record Answered(GuestStats stats, Duration roundTrip) implements Inside {}

    /** The guest has not answered; why, for people. */
    record Missing(String why) implements Inside {}
  }

  public VmStats {
    disks = List.copyOf(disks);
  }
}
