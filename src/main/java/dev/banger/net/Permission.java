package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.net.egress.Egress;
import dev.banger.net.egress.Service;
import dev.banger.store.LeaseRow;
import dev.banger.store.LeaseTable;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalInt;

/** Whether a VM may open a connection, as the packet filter has to see it. */
final class Permission {
  private final AddressPlan plan;
  private final LeaseTable leases;

  Permission(AddressPlan plan, LeaseTable leases) {
    this.plan = plan;
    this.leases = leases;
  }

  /**
   * By TCP.
   *
   * @param names that the VM knows the address by
   */
  boolean of(LeaseRow vm, Egress egress, Collection<String> names, InetAddress to, int port)
      throws BangerException {
    if (to.isLoopbackAddress()) {
      return true; // its own
    }
    if (to.equals(plan.gateway4()) || to.equals(plan.gateway6())) {
      return port == VmNetworks.DNS_PORT;
    }
    if (plan.contains(to)) {
      return isNeighbour(vm, to);
    }
    return !isHosts(to) && egress.passes(to, names, Service.TCP, port);
  }

  private boolean isNeighbour(LeaseRow vm, InetAddress to) throws BangerException {
    OptionalInt slot = to instanceof Inet4Address four ? plan.slot(four) : plan.slot6(to);
    Optional<LeaseRow> other = slot.isPresent() ? leases.ofSlot(slot.getAsInt()) : Optional.empty();
    return other.isPresent()
        && (other.get().vm().equals(vm.vm())
            || (!vm.network().isEmpty() && vm.network().equals(other.get().network())));
  }

  private static boolean isHosts(InetAddress address) {
    try {
      return NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException e) {
      return false;
    }
  }
}
