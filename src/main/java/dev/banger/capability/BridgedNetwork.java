package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestConfiguration;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import dev.banger.net.VmNetworks;
import dev.banger.net.port.DirectDialer;
import dev.banger.net.port.GuestDialer;
import dev.banger.vmm.Nic;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A card on the host's bridge, with addresses that stay and the host's name server. */
public final class BridgedNetwork implements Capability {
  private static final Logger LOG = LoggerFactory.getLogger(BridgedNetwork.class);
  private static final List<String> EVERYWHERE = List.of("0.0.0.0/0", "::/0");

  private final VmNetworks networks;
  private final LongToIntFunction user;
  private final Optional<UserNetwork> otherwise;
  private final Map<VmId, VmNetworks.Sure> written = new ConcurrentHashMap<>();

  /**
   * @param user whom the VMM runs as, by the VM's number
   * @param otherwise what a VM gets where there can be no bridge; empty: it does not start
   */
  public BridgedNetwork(
      VmNetworks networks, LongToIntFunction user, Optional<UserNetwork> otherwise) {
    this.networks = networks;
    this.user = user;
    this.otherwise = otherwise;
  }

  @Override
  public String name() {
    return "network";
  }

  @Override
  public List<String> preflight(StartPlan plan) throws InterruptedException {
    Optional<String> obstacle = otherwise.isPresent() ? Optional.empty() : networks.obstacle();
    return obstacle.map(List::of).orElse(List.of());
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    VmId vm = plan.vm().id();
    Optional<String> obstacle = networks.obstacle();
    if (obstacle.isPresent() && otherwise.isPresent()) {
      LOG.warn("vm={} gets the user network: {}", plan.vm().name(), obstacle.get());
      otherwise.get().prepare(plan, steps);
      return;
    }
    VmNetworks.Card card =
        steps.pass(
            new Step(StepKind.NETWORK_CARD, steps.owner(), List.of()),
            () -> networks.plug(vm, user.applyAsInt(plan.vm().uid())));
    written.put(vm, card.written());
    List<GuestConfiguration.Route> routes =
        List.of(
            new GuestConfiguration.Route(EVERYWHERE.getFirst(), card.gateways().getFirst(), 0),
            new GuestConfiguration.Route(EVERYWHERE.getLast(), card.gateways().getLast(), 0));
    plan.add(
        Nic.tap(VmNetworks.mac(vm), card.tap()),
        new GuestConfiguration.Nic(card.mac(), card.addresses(), routes, 0));
    plan.guest().dns(List.of(card.gateways().getFirst()), List.of());
  }

  /** No packet passes before the filter knows the card, so the guest may boot meanwhile. */
  @Override
  public void started(StartPlan plan, Guest guest) throws BangerException, InterruptedException {
    VmNetworks.Sure sure = written.remove(plan.vm().id());
    if (sure != null) {
      sure.await();
    }
  }

  /** By packets; what listens on the guest's loopback alone, through its channel. */
  public static GuestDialer dialer(VmNetworks networks, StartPlan.Vm vm, GuestSource guest) {
    try {
      Optional<InetAddress> address = networks.reached(vm.id());
      if (address.isPresent()) {
        InetAddress first = address.get();
        return new DirectDialer(first, new ChannelDialer(guest, List.of(first.getHostAddress())));
      }
    } catch (BangerException e) {
      LOG.warn("vm=" + vm.name() + " is reached through its channel only", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return UserNetwork.dialer(vm, guest);
  }

  @Override
  public void cleanup(StartPlan plan) throws BangerException, InterruptedException {
    written.remove(plan.vm().id());
    networks.unplug(plan.vm().id());
  }
}
