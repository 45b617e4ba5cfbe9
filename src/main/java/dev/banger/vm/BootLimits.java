package dev.banger.vm;

import dev.banger.vmm.Accelerator;
import java.time.Duration;
import java.util.Optional;

/**
 * How long a boot may take.
 *
 * @param silent no sign from the guest's agent for so long: the VMM is started once more, since a
 *     boot under emulation can hang
 * @param answer until the agent answers, both starts together
 * @param configure until the guest is ready, from there
 */
record BootLimits(Duration silent, Duration answer, Duration configure) {
  /**
   * By the user's wish, else for hardware virtualization, or for emulation, which is slower by an
   * order.
   */
  static BootLimits of(Accelerator accelerator, Optional<Duration> wish) {
    if (wish.isPresent()) {
      return new BootLimits(wish.get().dividedBy(2), wish.get(), wish.get());
    }
    return accelerator == Accelerator.TCG
        ? new BootLimits(Duration.ofSeconds(40), Duration.ofSeconds(120), Duration.ofSeconds(60))
        : new BootLimits(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(30));
  }
}
