package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Undo;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The hooks in their order. */
public final class Capabilities {
  private static final Logger LOG = LoggerFactory.getLogger(Capabilities.class);

  private final List<Capability> inOrder;

  public Capabilities(List<Capability> inOrder) {
    this.inOrder = List.copyOf(inOrder);
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

  /** Prepares in order; what was prepared is cleaned up by {@code undo}. */
  public void prepare(StartPlan plan, Undo undo) throws BangerException, InterruptedException {
    for (Capability capability : inOrder) {
      undo.add(capability.name(), () -> capability.cleanup(plan));
      capability.prepare(plan);
    }
  }

  public void started(StartPlan plan, Guest guest) throws BangerException, InterruptedException {
    for (Capability capability : inOrder) {
      capability.started(plan, guest);
    }
  }

  /** Cleans up after a run, newest first; a hook that fails stops no other. */
  public void cleanup(StartPlan plan) throws InterruptedException {
    for (Capability capability : inOrder.reversed()) {
      try {
        capability.cleanup(plan);
      } catch (BangerException e) {
        LOG.warn("vm=" + plan.vm().name() + " cleanup of " + capability.name() + " failed", e);
      }
    }
  }
}
