package dev.banger.cli;

import dev.banger.api.FigureApi;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Looks at VMs again and again, and lays out what they use as a table. */
final class StatsTable {
  private final Map<String, FigureApi.VmStats> before = new HashMap<>();

  /** What happened since the last call. */
  List<Rates> next(FigureApi.Stats stats) {
    List<Rates> rates = new ArrayList<>();
    for (FigureApi.VmStats vm : stats.vms()) {
      rates.add(Rates.between(before.get(vm.id()), vm));
    }
    before.clear();
    stats.vms().forEach(vm -> before.put(vm.id(), vm));
    return rates;
  }

  static Table table(List<Rates> vms) {
    Table table =
        new Table(
            "NAME",
            "CPU %",
            "GUEST MEM",
            "HOST MEM",
            "DISK",
            "DISK R/W",
            "NET IN/OUT",
            "PROCS",
            "RTT",
            "UP",
            "PID");
    vms.forEach(vm -> table.row(cells(vm)));
    return table;
  }

  private static String[] cells(Rates vm) {
    FigureApi.Host host = vm.now().host();
    FigureApi.Guest guest = vm.now().guest();
    return new String[] {
      vm.now().name(),
      vm.cpuPercent() < 0 ? "-" : String.format(Locale.ROOT, "%.1f", vm.cpuPercent()),
      guest == null ? "-" : Human.size(vm.memory()) + "/" + Human.size(guest.memory().total()),
      vm.hostMemory() < 0 ? "-" : Human.size(vm.hostMemory()),
      disks(vm.now()),
      guest == null
          ? "-"
          : pair(
              guest.disks().stream().mapToLong(FigureApi.GuestDisk::readBytes).sum(),
              guest.disks().stream().mapToLong(FigureApi.GuestDisk::writtenBytes).sum()),
      guest == null
          ? "-"
          : pair(
              guest.nics().stream()
                  .filter(n -> !n.name().equals("lo"))
                  .mapToLong(FigureApi.GuestNic::receivedBytes)
                  .sum(),
              guest.nics().stream()
                  .filter(n -> !n.name().equals("lo"))
                  .mapToLong(FigureApi.GuestNic::sentBytes)
                  .sum()),
      guest == null ? "-" : Long.toString(guest.processes()),
      guest == null ? "-" : String.format(Locale.ROOT, "%.1f ms", guest.roundTripMicros() / 1000.0),
      host == null ? "-" : Human.age(host.uptimeMillis(), 0),
      host == null ? "-" : Long.toString(host.pid())
    };
  }

  /** What they take of what they may. */
  private static String disks(FigureApi.VmStats vm) {
    return pair(
        vm.disks().stream().mapToLong(FigureApi.Disk::allocated).sum(),
        vm.disks().stream().mapToLong(FigureApi.Disk::size).sum());
  }

  private static String pair(long one, long other) {
    return Human.size(one) + "/" + Human.size(other);
  }

  /** A line for each guest that did not answer. */
  static String missing(List<Rates> vms) {
    StringBuilder text = new StringBuilder();
    for (Rates vm : vms) {
      if (vm.now().guestMissing() != null && vm.now().host() != null) {
        text.append(vm.now().name())
            .append(": no figures from the guest: ")
            .append(vm.now().guestMissing())
            .append('\n');
      }
    }
    return text.toString();
  }
}
