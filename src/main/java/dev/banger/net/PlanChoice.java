package dev.banger.net;

import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.privileged.HostNetwork;
import dev.banger.privileged.Route;
import dev.banger.store.LeaseRow;
import dev.banger.store.LeaseTable;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which addresses the VMs have. Chosen once, and kept as long as a VM runs with one; the settings
 * come first, and a network that was chosen for want of any moves out of the way of the host's
 * routes while no VM has an address of it.
 */
final class PlanChoice {
  private static final Logger LOG = LoggerFactory.getLogger(PlanChoice.class);
  private static final String ADDRESSES = "addresses";
  private static final long UNIQUE_LOCAL = 0xfdL << 56;
  private static final int SUBNET_BITS = 16;

  private final HostNetwork host;
  private final LeaseTable leases;
  private final NetworkSettings settings;
  private volatile Optional<Route> told = Optional.empty();

  PlanChoice(HostNetwork host, LeaseTable leases, NetworkSettings settings) {
    this.host = host;
    this.leases = leases;
    this.settings = settings;
  }

  /**
   * The plan from now on.
   *
   * @param bridge whose own routes are in nobody's way
   * @param used a VM runs with an address of the plan before
   */
  AddressPlan choose(String bridge, boolean used) throws BangerException {
    Optional<AddressPlan> before = leases.decision(ADDRESSES).map(AddressPlan::parse);
    AddressPlan plan = used && before.isPresent() ? before.get() : wanted(before, bridge);
    if (used && !settings.subnet().isEmpty() && !plan.network4().equals(settings.subnet())) {
      LOG.warn(
          "network.subnet is {}, but VMs run with addresses of {}: it is taken when the daemon"
              + " starts while none of them runs",
          settings.subnet(),
          plan.network4());
    }
    leases.decide(ADDRESSES, plan.toString());
    if (before.isPresent() && !before.get().equals(plan)) {
      move(before.get(), plan);
    }
    return plan;
  }

  private AddressPlan wanted(Optional<AddressPlan> before, String bridge) throws BangerException {
    long unique = before.map(AddressPlan::unique).orElseGet(PlanChoice::uniqueLocal);
    if (!settings.subnet().isEmpty()) {
      return AddressPlan.ofUser(settings.subnet(), unique);
    }
    List<Route> routes = others(bridge);
    Optional<AddressPlan> free = AddressPlan.free(routes, unique);
    if (before.isPresent()
        && (free.isEmpty() || !leases.isEmpty() || before.get().meets(routes).isEmpty())) {
      return before.get();
    }
    return free.orElseThrow(() ->
        new BangerException(
            ErrorCode.HOST_UNSUPPORTED,
            "the host has a route to every network that banger would take",
            "set network.subnet to one that is free here"));
  }

  private List<Route> others(String bridge) throws BangerException {
    return host.routes().stream().filter(route -> !route.device().equals(bridge)).toList();
  }

  private static long uniqueLocal() {
    return UNIQUE_LOCAL | (new SecureRandom().nextLong() >>> 8 & -1L << SUBNET_BITS);
  }

  /** A VM keeps the place of its address in the network, unless the new one has no such place. */
  private void move(AddressPlan before, AddressPlan plan) throws BangerException {
    if (!leases.isEmpty()) {
      LOG.warn(
          "VMs' addresses are of {} from now on; they were of {}",
          plan.network4(),
          before.network4());
    }
    for (LeaseRow lost : leases.moveInto(AddressPlan.FIRST_SLOT, plan.capacity())) {
      LOG.warn(
          "vm={} had {}, for which {} has no place: it has another address now",
          lost.vm(),
          before.address4(lost.slot()).getHostAddress(),
          plan.network4());
    }
  }

  /**
   * Says so, once, when the host has come to have a route into the plan's network. Returns whether
   * another plan should be chosen now.
   */
  boolean shouldMove(AddressPlan plan, String bridge) throws BangerException {
    List<Route> routes = others(bridge);
    Optional<Route> route = plan.meets(routes);
    boolean movable =
        route.isPresent()
            && settings.subnet().isEmpty()
            && leases.isEmpty()
            && AddressPlan.free(routes, plan.unique()).isPresent();
    if (!route.equals(told)) {
      told = route;
      route.ifPresentOrElse(
          found -> say(plan, found, movable),
          () -> LOG.info("no route of the host leads into the VMs' network any more"));
    }
    return movable;
  }

  private static void say(AddressPlan plan, Route route, boolean movable) {
    LOG.warn(
        "the host has a route to {}/{} through {}, which overlaps the VMs' network {}: {}",
        route.destination().getHostAddress(),
        route.prefix(),
        route.device().isEmpty() ? "another interface" : route.device(),
        plan.network4(),
        movable
            ? "no VM has an address of it, so it moves"
            : "one of both is not reached; `banger doctor` says what to do");
  }
}
