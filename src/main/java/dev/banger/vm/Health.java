package dev.banger.vm;

import dev.banger.guest.Guest;
import dev.banger.model.BangerException;
import dev.banger.store.VmRow;
import dev.banger.vmm.Accelerator;
import java.time.Duration;
import java.util.Optional;

/**
 * What one running VM looks like from outside, second by second: its VMM's process, what the VMM
 * says of its processors, and whether the agent answers. Used by one thread.
 */
final class Health {
  private static final Duration SILENCE = Duration.ofSeconds(10);

  /** A busy guest whose processor is emulated, on a busy host, is not hung yet. */
  private static final Duration SILENCE_EMULATED = Duration.ofSeconds(30);

  private final LiveVm vm;
  private final Transitions transitions;
  private final Pulse pulse;
  private final Duration limit;
  private Optional<Guest> heard = Optional.empty();
  private long signs;

  Health(LiveVm vm, Transitions transitions, Optional<Duration> wish) {
    this.vm = vm;
    this.transitions = transitions;
    boolean emulated = vm.vmm().accelerator().equals(Accelerator.TCG.toString());
    this.limit = wish.orElse(emulated ? SILENCE_EMULATED : SILENCE);
    this.pulse = new Pulse(limit);
  }

  /** Looks, and writes down what changed. */
  void examine(VmRow row, Duration gap) throws BangerException {
    if (vm.isStopping() || !vm.vmm().alive()) {
      return;
    }
    if (vm.vmm().identity().isStopped()) {
      transitions.paused(row, "its VMM is stopped (SIGSTOP); `kill -CONT` lets it go on");
      return;
    }
    Optional<String> suspended = vm.heldFor().or(vm.vmm()::suspended);
    if (suspended.isPresent()) {
      transitions.paused(row, suspended.get());
      return;
    }
    if (pulse.sample(answered(), gap)) {
      transitions.well(row, "it answers");
    } else {
      transitions.unresponsive(
          row, "its agent has not answered for " + limit.toSeconds() + " s; its VMM runs");
    }
  }

  /** A sign since the last look; a connection that was just made is one. */
  private boolean answered() {
    Optional<Guest> guest = vm.connectedGuest();
    long now = guest.map(Guest::signsOfLife).orElse(0L);
    boolean sign = guest.isPresent() && (!guest.equals(heard) || now != signs);
    heard = guest;
    signs = now;
    return sign;
  }
}
