package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What VMs use, whether they answer, whether they are well. */
public final class FigureApi {
  private FigureApi() {}

  /**
   * Which VMs.
   *
   * @param vms names or ids; empty: all that run
   */
  @Json
  public record Names(List<String> vms) {}

  /**
   * The VMM and its shim, as the host sees them; bytes, and milliseconds since their start.
   *
   * @param resident memory, the guest's included as far as it was ever used
   * @param proportional as resident, shared pages in shares; absent where the host does not show it
   * @param guestMemory what the file with the guest's memory takes; absent where there is none
   * @param readBytes, writtenBytes to and from the host's disks; absent where the host does not
   *     show it
   */
  @Json
  public record Host(
      long pid,
      long uptimeMillis,
      long cpuUserMillis,
      long cpuSystemMillis,
      long resident,
      @Nullable Long proportional,
      @Nullable Long guestMemory,
      @Nullable Long readBytes,
      @Nullable Long writtenBytes,
      int threads) {}

  /**
   * A disk of the VM's own.
   *
   * @param name system or work
   * @param size what the guest sees
   * @param allocated what it takes of the host
   * @param note what is to be said about it, as that its store is nearly full; mostly empty
   */
  @Json
  public record Disk(String name, long size, long allocated, String note) {}

  @Json
  public record GuestMemory(
      long total, long free, long available, long cached, long swapTotal, long swapFree) {}

  /** Of all the guest's processors together. */
  @Json
  public record GuestCpu(
      long userMillis, long systemMillis, long idleMillis, long iowaitMillis, long stealMillis) {}

  @Json
  public record GuestDisk(
      String name, long readBytes, long writtenBytes, long reads, long writes) {}

  @Json
  public record GuestNic(
      String name, long receivedBytes, long sentBytes, long receivedPackets, long sentPackets) {}

  @Json
  public record GuestFileSystem(String mountPoint, long total, long free, long available) {}

  /**
   * The guest's own figures; counters since its boot.
   *
   * @param roundTripMicros over the channel and back
   * @param clock its time of day, in ms since 1970; absent when its agent does not tell it
   */
  @Json
  public record Guest(
      long roundTripMicros,
      long uptimeMillis,
      int cpus,
      GuestCpu cpu,
      GuestMemory memory,
      List<Double> load,
      long processes,
      List<GuestDisk> disks,
      List<GuestNic> nics,
      List<GuestFileSystem> fileSystems,
      @Nullable Long clock) {}

  /**
   * One VM.
   *
   * @param at when this was seen, ms since 1970
   * @param host absent when its VMM does not run
   * @param guest absent when the guest did not answer: {@code guestMissing} says why
   */
  @Json
  public record VmStats(
      String id,
      String name,
      long at,
      @Nullable Host host,
      List<Disk> disks,
      @Nullable Guest guest,
      @Nullable String guestMissing) {}

  @Json
  public record Stats(List<VmStats> vms) {}

  /** How long the guest's agent took to answer. */
  @Json
  public record Pong(String vm, long roundTripMicros) {}

  /** Many of them: what {@code vm ping --json} prints. */
  @Json
  public record Pings(
      String vm, List<Long> roundTripMicros, long minMicros, long averageMicros, long maxMicros) {}

  /**
   * One thing that was looked at.
   *
   * @param level ok, warn or fail
   * @param cure what to do; empty when there is nothing to do
   */
  @Json
  public record Check(String name, String level, String found, String cure) {}

  /**
   * One VM's health.
   *
   * @param level the worst of its checks
   */
  @Json
  public record VmHealth(String id, String name, String level, List<Check> checks) {}

  @Json
  public record Health(List<VmHealth> vms) {}

  public static final Method<Names, Stats> STATS =
      Method.call("vm.stats", Names.class, Stats.class, "What VMs use, seen from both sides");
  public static final Method<VmApi.Ref, Pong> PING =
      Method.call("vm.ping", VmApi.Ref.class, Pong.class, "One round trip to the guest's agent");
  public static final Method<Names, Health> HEALTH =
      Method.call("vm.health", Names.class, Health.class, "What is good and bad about VMs");
}
