package dev.banger.capability;

import dev.banger.journal.Steps;
import java.util.List;

/** Name resolution in the guest: the user network's forwarder, which asks the host's resolver. */
public final class Dns implements Capability {
  @Override
  public String name() {
    return "DNS";
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) {
    plan.guest().dns(List.of(UserNetwork.DNS), List.of());
  }
}
