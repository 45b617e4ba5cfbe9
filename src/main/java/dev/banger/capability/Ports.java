package dev.banger.capability;

import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.net.port.Forwarder;
import dev.banger.net.port.GuestDialer;
import java.util.List;

/**
 * Published ports: listens on the host before the guest boots, and joins what comes to the guest
 * once it is up. Sockets leave nothing behind, so they are in no journal.
 */
public final class Ports implements Capability {
  /** How a guest is reached; by the network that it has. */
  @FunctionalInterface
  public interface Dialers {
    GuestDialer of(StartPlan.Vm vm, GuestSource guest);
  }

  private final Forwarder forwarder;
  private final Dialers dialers;

  public Ports(Forwarder forwarder, Dialers dialers) {
    this.forwarder = forwarder;
    this.dialers = dialers;
  }

  @Override
  public String name() {
    return "ports";
  }

  @Override
  public List<String> preflight(StartPlan plan) throws BangerException {
    if (!plan.isUnattended()) {
      forwarder.requireFree(plan.vm().id());
    }
    return List.of();
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException {
    Forwarder.Taken taken = plan.isUnattended() ? Forwarder.Taken.LATER : Forwarder.Taken.REFUSED;
    forwarder.open(plan.vm().id(), plan.vm().name().value(), taken);
  }

  @Override
  public void running(StartPlan.Vm vm, GuestSource guest) throws BangerException {
    forwarder.serve(vm.id(), vm.name().value(), dialers.of(vm, guest));
  }

  @Override
  public void cleanup(StartPlan plan) {
    forwarder.close(plan.vm().id());
  }
}
