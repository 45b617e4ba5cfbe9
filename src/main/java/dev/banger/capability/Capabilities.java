package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The hooks in their order. */
public final class Capabilities {
  private static final Logger LOG = LoggerFactory.getLogger(Capabilities.class);

  private final List<Capability> inOrder;

  public Capabilities(List<Capability> inOrder) {
    this.inOrder = List.copyOf(inOrder);
  }

  /** What no image has, of all hooks. */
  public Set<String> withheld() {
    return inOrder.stream()
        .flatMap(capability -> capability.withheld().stream())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Reports everything that is missing, for all hooks at once. */
  public void preflight(StartPlan plan) throws BangerException, InterruptedException {
    List<String> missing = new ArrayList<>();
    for (Capability capability : inOrder) {
      for (String what : capability.preflight(plan)) {
        missing.add(capability.name() + ": " + what);
      }
    }
    if (!missing.isEmpty()) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot start " + plan.vm().name() + ": " + String.join("; ", missing),
          "`banger doctor` shows what this host can do");
    }
  }

  /** Prepares in order; undone by {@link #cleanup}. */
  public void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    steps.take(
        new Step(StepKind.HOOKS, steps.owner(), List.of()),
        () -> {
          for (Capability capability : inOrder) {
            capability.prepare(plan, steps);
          }
        });
  }

  public void started(StartPlan plan, Guest guest) throws BangerException, InterruptedException {
    for (Capability capability : inOrder) {
      capability.started(plan, guest);
    }
  }

  /** The VM runs; a hook that fails stops no other. */
  public void running(StartPlan.Vm vm, GuestSource guest) throws InterruptedException {
    for (Capability capability : inOrder) {
      try {
        capability.running(vm, guest);
      } catch (BangerException e) {
        LOG.warn("vm=" + vm.name() + " runs without all of its " + capability.name(), e);
      }
    }
  }

  /** Cleans up after a run, newest first; a hook that fails stops no other, and is told then. */
  public void cleanup(StartPlan plan) throws BangerException, InterruptedException {
    BangerException first = null;
    for (Capability capability : inOrder.reversed()) {
      try {
        capability.cleanup(plan);
      } catch (BangerException e) {
        LOG.warn("vm=" + plan.vm().name() + " cleanup of " + capability.name() + " failed", e);
        first = first == null ? e : first;
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
