package dev.banger.capability;

import dev.banger.guest.GuestConfiguration;
import dev.banger.journal.Steps;
import dev.banger.net.VmNetworks;
import dev.banger.net.port.GuestDialer;
import dev.banger.vmm.Nic;
import java.util.List;

/**
 * The network that needs no right on the host: QEMU's own (slirp). Its addresses are the same in
 * every VM (qemu's documentation, "Network emulation"), and set by the agent: no DHCP is waited
 * for.
 */
public final class UserNetwork implements Capability {
  /** QEMU's forwarder, which asks the host's resolver. */
  private static final String DNS = "10.0.2.3";

  private static final String ADDRESS = "10.0.2.15";
  private static final String PREFIX = "/24";
  private static final String GATEWAY = "10.0.2.2";
  private static final String EVERYWHERE = "0.0.0.0/0";

  @Override
  public String name() {
    return "network";
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) {
    Nic nic = Nic.user(VmNetworks.mac(plan.vm().id()));
    plan.add(
        nic,
        new GuestConfiguration.Nic(
            nic.mac(),
            List.of(ADDRESS + PREFIX),
            List.of(new GuestConfiguration.Route(EVERYWHERE, GATEWAY, 0)),
            0));
    plan.guest().dns(List.of(DNS), List.of());
  }

  /** No packet reaches a guest from outside: its servers are reached through its channel. */
  public static GuestDialer dialer(StartPlan.Vm vm, GuestSource guest) {
    return new ChannelDialer(guest, List.of(ADDRESS));
  }
}
