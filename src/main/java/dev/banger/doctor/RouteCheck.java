package dev.banger.doctor;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.net.AddressPlan;
import dev.banger.privileged.Route;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Routes of the host beside the VMs' network: those that overlap it, and those of a VPN. */
final class RouteCheck {
  private static final String NAME = "network";
  private static final String VPN = "(tun|tap|wg|ppp|ipsec|vti|xfrm|nordlynx|tailscale|proton).*";

  /** Bits of a bridge's network (docs/config.md). */
  private static final int SHORTEST = 16;

  private static final int LONGEST = 29;

  private final NetworkSettings settings;
  private final String bridge;

  RouteCheck(NetworkSettings settings, String bridge) {
    this.settings = settings;
    this.bridge = bridge;
  }

  List<Finding> findings(List<Route> routes) throws BangerException {
    List<Route> others = routes.stream().filter(route -> !route.device().equals(bridge)).toList();
    List<Finding> findings = new ArrayList<>();
    Optional<AddressPlan> plan = plan(routes);
    if (plan.isPresent()) {
      plan.get()
          .meets(others)
          .map(route -> overlap(plan.get(), route, others))
          .ifPresent(findings::add);
    }
    String vpns =
        others.stream()
            .filter(route -> route.prefix() <= 1 && route.device().matches(VPN))
            .map(Route::device)
            .distinct()
            .collect(Collectors.joining(", "));
    if (!vpns.isEmpty()) {
      findings.add(
          Finding.ok(
              NAME,
              "what VMs send to the internet goes through the VPN, as the host's own: " + vpns));
    }
    return findings;
  }

  /** As the bridge has it, else as the settings want it; empty: it is not chosen yet. */
  private Optional<AddressPlan> plan(List<Route> routes) throws BangerException {
    for (Route route : routes) {
      if (route.device().equals(bridge)
          && route.destination() instanceof Inet4Address
          && route.prefix() >= SHORTEST
          && route.prefix() <= LONGEST) {
        return Optional.of(
            AddressPlan.ofUser(route.destination().getHostAddress() + "/" + route.prefix(), 0));
      }
    }
    return settings.subnet().isEmpty()
        ? Optional.empty()
        : Optional.of(AddressPlan.ofUser(settings.subnet(), 0));
  }

  private static Finding overlap(AddressPlan plan, Route route, List<Route> others) {
    String found =
        "the VMs' network "
            + plan.network4()
            + " overlaps the host's route to "
            + route.destination().getHostAddress()
            + "/"
            + route.prefix()
            + (route.device().isEmpty() ? "" : " through " + route.device())
            + (route.device().matches(VPN) ? ", a VPN" : "")
            + ": one of both is not reached";
    Optional<AddressPlan> free = AddressPlan.free(others, 0);
    if (free.isEmpty()) {
      return Finding.warning(
          NAME, found, "set network.subnet to a network that is free here (docs/config.md)");
    }
    Repair repair = new Repair(true, List.of(new Repair.Subnet(free.get().network4())));
    return Finding.warning(
            NAME,
            found,
            "`banger doctor --fix` sets network.subnet to "
                + free.get().network4()
                + ", `--undo` takes that back; the daemon takes it when it starts while no VM runs,"
                + " and VMs have other addresses then")
        .with(repair);
  }
}
