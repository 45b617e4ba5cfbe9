package dev.banger.guest;

import dev.banger.model.ByteSize;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What the guest uses; counters count since its boot.
 *
 * @param clock the guest's time of day; empty from an agent that does not tell it
 */
public record GuestStats(
    Duration uptime,
    long cpus,
    CpuTime cpuTime,
    Memory memory,
    LoadAverage load,
    long processes,
    List<Disk> disks,
    List<Nic> nics,
    List<FileSystem> fileSystems,
    Optional<Instant> clock) {
  /** Of all processors together. */
  public record CpuTime(
      Duration user, Duration system, Duration idle, Duration iowait, Duration steal) {
    private static CpuTime read(WireReader in) throws MalformedException {
      return new CpuTime(nanos(in), nanos(in), nanos(in), nanos(in), nanos(in));
    }
  }

  /** As /proc/meminfo. */
  public record Memory(
      ByteSize total,
      ByteSize free,
      ByteSize available,
      ByteSize cached,
      ByteSize swapTotal,
      ByteSize swapFree) {
    private static Memory read(WireReader in) throws MalformedException {
      return new Memory(size(in), size(in), size(in), size(in), size(in), size(in));
    }
  }

  /** Over 1, 5 and 15 minutes. */
  public record LoadAverage(double one, double five, double fifteen) {
    private static LoadAverage read(WireReader in) throws MalformedException {
      return new LoadAverage(in.u32() / 100.0, in.u32() / 100.0, in.u32() / 100.0);
    }
  }

  /** One block device. */
  public record Disk(String name, ByteSize read, ByteSize written, long reads, long writes) {
    private static Disk read(WireReader in) throws MalformedException {
      return new Disk(in.string(), size(in), size(in), in.u64(), in.u64());
    }
  }

  /** One network interface. */
  public record Nic(
      String name, ByteSize received, ByteSize sent, long receivedPackets, long sentPackets) {
    private static Nic read(WireReader in) throws MalformedException {
      return new Nic(in.string(), size(in), size(in), in.u64(), in.u64());
    }
  }

  /** One mounted file system. */
  public record FileSystem(String mountPoint, ByteSize total, ByteSize free, ByteSize available) {
    private static FileSystem read(WireReader in) throws MalformedException {
      return new FileSystem(in.string(), size(in), size(in), size(in));
    }
  }

  static GuestStats read(WireReader in) throws MalformedException {
    return new GuestStats(
        nanos(in),
        in.u32(),
        CpuTime.read(in),
        Memory.read(in),
        LoadAverage.read(in),
        in.u32(),
        in.list(Disk::read),
        in.list(Nic::read),
        in.list(FileSystem::read),
        in.hasMore() ? Optional.of(instant(in.i64())) : Optional.empty());
  }

  private static Instant instant(long unixNanos) {
    return Instant.EPOCH.plusNanos(unixNanos);
  }

  private static Duration nanos(WireReader in) throws MalformedException {
    return Duration.ofNanos(in.u64());
  }

  private static ByteSize size(WireReader in) throws MalformedException {
    return new ByteSize(in.u64());
  }
}
