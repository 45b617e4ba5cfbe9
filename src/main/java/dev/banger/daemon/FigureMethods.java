package dev.banger.daemon;

import dev.banger.api.FigureApi;
import dev.banger.guest.GuestStats;
import dev.banger.model.ByteSize;
import dev.banger.rpc.Methods;
import dev.banger.store.VmRow;
import dev.banger.vm.HealthCheck;
import dev.banger.vm.Observer;
import dev.banger.vm.VmHealth;
import dev.banger.vm.VmStats;
import dev.banger.vmm.VmmUsage;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** {@code vm.stats}, {@code vm.ping}, {@code vm.health}. */
final class FigureMethods {
  private final Observer observer;

  FigureMethods(Observer observer) {
    this.observer = observer;
  }

  void addTo(Methods methods) {
    VmMethods.add(
        methods,
        FigureApi.STATS,
        (_, names) ->
            new FigureApi.Stats(
                observer.stats(names.vms()).stream().map(FigureMethods::stats).toList()));
    VmMethods.add(
        methods,
        FigureApi.PING,
        (_, ref) -> new FigureApi.Pong(ref.vm(), observer.ping(ref.vm()).toNanos() / 1000));
    VmMethods.add(
        methods,
        FigureApi.HEALTH,
        (_, names) ->
            new FigureApi.Health(
                observer.health(names.vms()).stream().map(FigureMethods::health).toList()));
  }

  private static FigureApi.VmHealth health(VmHealth health) {
    VmRow row = health.row();
    return new FigureApi.VmHealth(
        row.id().value(),
        row.name().value(),
        word(health.level()),
        health.checks().stream()
            .map(c -> new FigureApi.Check(c.name(), word(c.level()), c.found(), c.cure()))
            .toList());
  }

  private static String word(HealthCheck.Level level) {
    return level.name().toLowerCase(Locale.ROOT);
  }

  private static FigureApi.VmStats stats(VmStats stats) {
    FigureApi.Guest guest = null;
    String missing = null;
    switch (stats.inside()) {
      case VmStats.Inside.Answered answered -> guest = guest(answered);
      case VmStats.Inside.Missing why -> missing = why.why();
    }
    return new FigureApi.VmStats(
        stats.row().id().value(),
        stats.row().name().value(),
        stats.at().toEpochMilli(),
        stats.host().map(FigureMethods::host).orElse(null),
        stats.disks().stream()
            .map(d ->
                new FigureApi.Disk(d.name(), d.size().bytes(), d.allocated().bytes(), d.note()))
            .toList(),
        guest,
        missing);
  }

  private static FigureApi.Host host(VmStats.Host host) {
    VmmUsage usage = host.usage();
    return new FigureApi.Host(
        host.pid(),
        host.uptime().toMillis(),
        usage.user().toMillis(),
        usage.system().toMillis(),
        usage.resident().bytes(),
        bytes(usage.proportional().orElse(null)),
        bytes(usage.guestMemory().orElse(null)),
        usage.io().map(io -> io.read().bytes()).orElse(null),
        usage.io().map(io -> io.written().bytes()).orElse(null),
        usage.threads());
  }

  private static @Nullable Long bytes(@Nullable ByteSize size) {
    return size == null ? null : size.bytes();
  }

  private static FigureApi.Guest guest(VmStats.Inside.Answered answered) {
    GuestStats stats = answered.stats();
    GuestStats.CpuTime cpu = stats.cpuTime();
    GuestStats.Memory memory = stats.memory();
    return new FigureApi.Guest(
        answered.roundTrip().toNanos() / 1000,
        stats.uptime().toMillis(),
        (int) stats.cpus(),
        new FigureApi.GuestCpu(
            cpu.user().toMillis(),
            cpu.system().toMillis(),
            cpu.idle().toMillis(),
            cpu.iowait().toMillis(),
            cpu.steal().toMillis()),
        new FigureApi.GuestMemory(
            memory.total().bytes(),
            memory.free().bytes(),
            memory.available().bytes(),
            memory.cached().bytes(),
            memory.swapTotal().bytes(),
            memory.swapFree().bytes()),
        List.of(stats.load().one(), stats.load().five(), stats.load().fifteen()),
        stats.processes(),
        stats.disks().stream().map(FigureMethods::disk).toList(),
        stats.nics().stream().map(FigureMethods::nic).toList(),
        stats.fileSystems().stream().map(FigureMethods::fileSystem).toList(),
        stats.clock().map(Instant::toEpochMilli).orElse(null));
  }

  private static FigureApi.GuestDisk disk(GuestStats.Disk disk) {
    return new FigureApi.GuestDisk(
        disk.name(), disk.read().bytes(), disk.written().bytes(), disk.reads(), disk.writes());
  }

  private static FigureApi.GuestNic nic(GuestStats.Nic nic) {
    return new FigureApi.GuestNic(
        nic.name(),
        nic.received().bytes(),
        nic.sent().bytes(),
        nic.receivedPackets(),
        nic.sentPackets());
  }

  private static FigureApi.GuestFileSystem fileSystem(GuestStats.FileSystem system) {
    return new FigureApi.GuestFileSystem(
        system.mountPoint(),
        system.total().bytes(),
        system.free().bytes(),
        system.available().bytes());
  }
}
