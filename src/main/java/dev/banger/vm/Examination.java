package dev.banger.vm;

import dev.banger.capability.OwnDisk;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestStats;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.store.VmRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One look at one VM's health. */
final class Examination {
  /** It has the space of the system disk that it stands on. */
  private static final String OVERLAY = "/";

  private static final int DISK_WARNING = 10;
  private static final int DISK_FAILURE = 2;
  private static final int MEMORY_WARNING = 10;
  private static final int MEMORY_FAILURE = 3;
  private static final Duration CLOCK_WARNING = Duration.ofSeconds(2);
  private static final Duration SLOW_CHANNEL = Duration.ofMillis(500);

  private final VmRow row;
  private final VmState state;
  private final VmStats stats;
  private final @Nullable LiveVm live;
  private final List<HealthCheck> checks = new ArrayList<>();

  /**
   * @param stats of this moment
   */
  Examination(VmRow row, VmState state, VmStats stats, @Nullable LiveVm live) {
    this.row = row;
    this.state = state;
    this.stats = stats;
    this.live = live;
  }

  /** What cannot be looked at because of a failure is left out: the failure is named. */
  List<HealthCheck> run() throws InterruptedException {
    if (live == null || stats.host().isEmpty()) {
      checks.add(
          HealthCheck.fail(
              "process", "it is " + word(), "start it: banger vm start " + row.name()));
      return checks;
    }
    VmStats.Host host = stats.host().get();
    checks.add(
        HealthCheck.ok(
            "process",
            "pid "
                + host.pid()
                + ", up "
                + host.uptime().toSeconds()
                + " s, "
                + live.vmm().accelerator()));
    notes();
    switch (stats.inside()) {
      case VmStats.Inside.Missing missing ->
          checks.add(
              HealthCheck.fail(
                  "agent",
                  missing.why(),
                  "`banger vm logs "
                      + row.name()
                      + "` shows its console; `banger vm restart "
                      + row.name()
                      + "` starts it anew"));
      case VmStats.Inside.Answered answered -> {
        channel(answered.roundTrip());
        system();
        disks(answered.stats());
        memory(answered.stats().memory());
        clock(answered.stats());
      }
    }
    return checks;
  }

  private String word() {
    return state.reason().isEmpty() ? state.name() : state.name() + ": " + state.reason();
  }

  private void channel(Duration roundTrip) {
    String found = "it answers, in " + roundTrip.toMillis() + " ms";
    checks.add(
        roundTrip.compareTo(SLOW_CHANNEL) > 0
            ? HealthCheck.warn(
                "agent", found, "the guest or this host is overloaded: see `banger vm top`")
            : HealthCheck.ok("agent", found));
  }

  private void system() throws InterruptedException {
    try {
      Guest guest = live == null ? null : live.guest(Duration.ZERO);
      Optional<SystemState.Report> report =
          guest == null ? Optional.empty() : SystemState.look(guest);
      report.ifPresent(this::system);
    } catch (BangerException e) {
      checks.add(
          HealthCheck.warn(
              "system", "cannot ask systemd: " + e.getMessage(), "ask again in a moment"));
    }
  }

  private void system(SystemState.Report report) {
    String cure = "`banger vm exec " + row.name() + " -- systemctl status UNIT` says why";
    checks.add(
        switch (report.state()) {
          case "running" -> HealthCheck.ok("system", "running");
          case "degraded" ->
              HealthCheck.fail(
                  "system", "degraded; failed units: " + String.join(", ", report.failed()), cure);
          case "initializing", "starting" ->
              HealthCheck.warn("system", report.state(), "it is not up yet: look again later");
          default -> HealthCheck.warn("system", report.state(), cure);
        });
  }

  /** Also of a guest that does not answer: it may be paused because of them. */
  private void notes() {
    for (VmStats.Disk disk : stats.disks()) {
      if (!disk.note().isEmpty()) {
        checks.add(
            HealthCheck.warn(
                disk.name() + " disk on the host",
                disk.note(),
                "free room on the host's disk: `banger df` shows what there is to drop"));
      }
    }
  }

  private void disks(GuestStats guest) {
    for (GuestStats.FileSystem system : guest.fileSystems()) {
      if (OVERLAY.equals(system.mountPoint())
          || OwnDisk.WORK.mountPoint().equals(system.mountPoint())) {
        disk(system);
      }
    }
  }

  private void disk(GuestStats.FileSystem system) {
    String name = system.mountPoint().equals(OVERLAY) ? "system disk" : "work disk";
    String found = system.available() + " of " + system.total() + " free";
    String cure =
        "remove files in the guest, or grow its disks: banger vm set "
            + row.name()
            + " --disk SIZE";
    checks.add(
        level(
            name,
            found,
            cure,
            percent(system.available(), system.total()),
            DISK_WARNING,
            DISK_FAILURE));
  }

  private void memory(GuestStats.Memory memory) {
    String found = memory.available() + " of " + memory.total() + " available";
    String cure =
        "end programs in the guest, or give it more: banger vm set "
            + row.name()
            + " --memory SIZE, then restart it";
    checks.add(
        level(
            "memory",
            found,
            cure,
            percent(memory.available(), memory.total()),
            MEMORY_WARNING,
            MEMORY_FAILURE));
  }

  private static HealthCheck level(
      String name, String found, String cure, long percent, int warning, int failure) {
    if (percent < failure) {
      return HealthCheck.fail(name, found, cure);
    }
    return percent < warning ? HealthCheck.warn(name, found, cure) : HealthCheck.ok(name, found);
  }

  private static long percent(ByteSize part, ByteSize whole) {
    return whole.bytes() == 0 ? 100 : 100 * part.bytes() / whole.bytes();
  }

  private void clock(GuestStats guest) {
    if (guest.clock().isEmpty()) {
      return;
    }
    Duration offset = Duration.between(stats.at(), guest.clock().get());
    String found =
        (offset.isNegative() ? "behind by " : "ahead by ") + offset.abs().toMillis() + " ms";
    checks.add(
        offset.abs().compareTo(CLOCK_WARNING) > 0
            ? HealthCheck.warn(
                "clock",
                found,
                "`banger vm restart "
                    + row.name()
                    + "` sets it, or run a time service in the guest")
            : HealthCheck.ok("clock", found));
  }
}
