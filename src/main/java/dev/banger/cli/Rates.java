package dev.banger.cli;

import dev.banger.api.FigureApi;
import org.jspecify.annotations.Nullable;

/**
 * What one VM did between two looks at its counters.
 *
 * @param cpuPercent of one host processor; -1 when there is only one look
 * @param memory of the guest that is in use; -1 when the guest did not answer
 */
record Rates(FigureApi.VmStats now, double cpuPercent, long memory) {
  /**
   * @param before an earlier look at the same run of the same VM, or null
   */
  static Rates between(FigureApi.@Nullable VmStats before, FigureApi.VmStats now) {
    return new Rates(now, cpuPercent(before, now), memory(now));
  }

  private static double cpuPercent(FigureApi.@Nullable VmStats before, FigureApi.VmStats now) {
    FigureApi.Host host = now.host();
    FigureApi.Host earlier = before == null ? null : before.host();
    if (host == null || before == null || earlier == null || earlier.pid() != host.pid()) {
      return -1;
    }
    long passed = now.at() - before.at();
    return passed <= 0 ? -1 : 100.0 * (cpu(host) - cpu(earlier)) / passed;
  }

  private static long cpu(FigureApi.Host host) {
    return host.cpuUserMillis() + host.cpuSystemMillis();
  }

  private static long memory(FigureApi.VmStats now) {
    FigureApi.Guest guest = now.guest();
    return guest == null ? -1 : guest.memory().total() - guest.memory().available();
  }

  /** What the host gives for it: the guest's memory in RAM, QEMU and the shim. */
  long hostMemory() {
    FigureApi.Host host = now.host();
    if (host == null) {
      return -1;
    }
    Long proportional = host.proportional();
    return proportional == null ? host.resident() : proportional;
  }
}
