package dev.banger.capability;

import dev.banger.guest.GuestConfiguration;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.net.UserLink;
import dev.banger.net.UserLinks;
import dev.banger.net.VmNetworks;
import dev.banger.net.port.GuestDialer;
import dev.banger.vmm.Nic;
import java.util.List;

/**
 * The network that needs no right on the host: passt's, or QEMU's own (slirp). Both know the same
 * addresses, which are the same in every VM, and are set by the agent: no DHCP is waited for.
 */
public final class UserNetwork implements Capability {
  /** Asks the host's resolver. */
  private static final String DNS = "10.0.2.3";

  private static final String ADDRESS = "10.0.2.15";
  private static final String BITS = "24";
  private static final String GATEWAY = "10.0.2.2";
  private static final String EVERYWHERE = "0.0.0.0/0";

  /** No port is listened on, and no address stands for the host. */
  private static final List<String> PASST =
      List.of(
          "--foreground",
          "--quiet",
          "--one-off",
          "--ipv4-only",
          "--no-dhcp",
          "--no-map-gw",
          "--address",
          ADDRESS,
          "--netmask",
          BITS,
          "--gateway",
          GATEWAY,
          "--dns-forward",
          DNS,
          "--tcp-ports",
          "none",
          "--udp-ports",
          "none",
          "--fd");

  private final UserLinks links;

  public UserNetwork(UserLinks links) {
    this.links = links;
  }

  @Override
  public String name() {
    return "network";
  }

  @Override
  public List<String> preflight(StartPlan plan) throws InterruptedException {
    try {
      UserLink _ = links.get();
      return List.of();
    } catch (BangerException e) {
      return List.of(e.getMessage() + (e.hint().isEmpty() ? "" : " (" + e.hint() + ")"));
    }
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    byte[] mac = VmNetworks.mac(plan.vm().id());
    Nic nic =
        switch (links.get()) {
          case UserLink.Vmm _ -> Nic.user(mac);
          case UserLink.Passt passt -> Nic.carried(mac, passt.program(), PASST);
        };
    plan.add(
        nic,
        new GuestConfiguration.Nic(
            nic.mac(),
            List.of(ADDRESS + "/" + BITS),
            List.of(new GuestConfiguration.Route(EVERYWHERE, GATEWAY, 0)),
            0));
    plan.guest().dns(List.of(DNS), List.of());
  }

  /** No packet reaches a guest from outside: its servers are reached through its channel. */
  public static GuestDialer dialer(StartPlan.Vm vm, GuestSource guest) {
    return new ChannelDialer(guest, List.of(ADDRESS));
  }
}
