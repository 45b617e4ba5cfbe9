package dev.banger.vm;

import dev.banger.store.VmRow;
import java.util.List;

/** How one VM is. */
public record VmHealth(VmRow row, List<HealthCheck> checks) {
  public VmHealth {
    checks = List.copyOf(checks);
  }

  /** The worst of all. */
  public HealthCheck.Level level() {
    return checks.stream()
        .map(HealthCheck::level)
        .max(Enum::compareTo)
        .orElse(HealthCheck.Level.OK);
  }
}
