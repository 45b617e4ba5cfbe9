package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How starts, runs and stops came out. One that cannot be written down, as on a full disk, holds
 * and is seen all the same, and is written as soon as that is possible.
 */
final class Outcomes {
  /** Writes it down; may be tried again. */
  @FunctionalInterface
  interface Writing {
    void run() throws BangerException;
  }

  /** What the VM is from now on, and why. */
  record Outcome(Phase phase, String reason, Writing writing) {}

  private final Map<VmId, Outcome> unwritten = new ConcurrentHashMap<>();

  /** Under the VM's lock; throws when it cannot be written now. */
  void settle(VmId id, Outcome outcome) throws BangerException {
    try {
      outcome.writing().run();
      unwritten.remove(id);
    } catch (BangerException | RuntimeException e) {
      unwritten.put(id, outcome);
      throw e;
    }
  }

  /** Under the VM's lock; false when nothing of it was unwritten. */
  boolean settle(VmId id) throws BangerException {
    Outcome outcome = unwritten.get(id);
    if (outcome == null) {
      return false;
    }
    settle(id, outcome);
    return true;
  }

  /** What holds, but is not written down. */
  Optional<Outcome> unwritten(VmId id) {
    return Optional.ofNullable(unwritten.get(id));
  }

  /** VMs with an outcome that is not written down. */
  Set<VmId> unwritten() {
    // Not Set.copyOf: it asks for the size, which is late (Lincheck).
    return Collections.unmodifiableSet(new HashSet<>(unwritten.keySet()));
  }

  /** The VM is being deleted. */
  void forget(VmId id) {
    unwritten.remove(id);
  }
}
