package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import java.util.List;
import java.util.Set;

/**
 * One thing that a VM gets when it starts. Every method is called under rank VM and nothing else. A
 * new capability is a new class and one line in {@link Capabilities}.
 */
public interface Capability {
  /** For messages: {@code work disk}. */
  String name();

  /**
   * What is missing for it, each with its cure; changes nothing. All hooks are asked before any
   * acts.
   */
  default List<String> preflight(StartPlan plan) throws BangerException, InterruptedException {
    return List.of();
  }

  /**
   * Makes what is needed on the host, each thing in a step, and adds devices and guest
   * configuration to the plan.
   */
  void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException;

  /** The guest is up and configured. */
  default void started(StartPlan plan, Guest guest) throws BangerException, InterruptedException {}

  /**
   * The VM runs: it has just started, or this daemon has found it running. Called once a run, after
   * its start has come to its end, so it refuses nothing any more.
   */
  default void running(StartPlan.Vm vm, GuestSource guest)
      throws BangerException, InterruptedException {}

  /**
   * Paths of the guest, from the root on and without a slash before them, which hold what is the
   * host's own: no image has them.
   */
  default Set<String> withheld() {
    return Set.of();
  }

  /**
   * Takes back what {@link #prepare} made that must not outlive the run; also for a VM that died,
   * of which some other daemon knew. May be called again.
   */
  default void cleanup(StartPlan plan) throws BangerException, InterruptedException {}
}
