package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.net.dns.Names;
import dev.banger.store.LeaseRow;
import dev.banger.store.LeaseTable;
import dev.banger.store.VmTable;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Names as the tables have them at this moment: a VM that has no card has no address. */
final class VmNames implements Names {
  private final VmTable vms;
  private final LeaseTable leases;
  private final AddressPlan plan;

  VmNames(VmTable vms, LeaseTable leases, AddressPlan plan) {
    this.vms = vms;
    this.leases = leases;
    this.plan = plan;
  }

  @Override
  public List<InetAddress> addresses(String vm) throws BangerException {
    Optional<LeaseRow> lease = Optional.empty();
    var row = vms.byName(vm);
    if (row.isPresent()) {
      lease = leases.of(row.get().id()).filter(found -> !found.tap().isEmpty());
    }
    return lease.map(found -> plan.addresses(found.slot())).orElse(List.of());
  }

  @Override
  public boolean exists(String vm) throws BangerException {
    return vms.byName(vm).isPresent();
  }

  @Override
  public boolean isOurs(InetAddress address) {
    return plan.contains(address);
  }

  @Override
  public Optional<String> name(InetAddress address) throws BangerException {
    OptionalInt slot = address instanceof Inet4Address four ? plan.slot(four) : plan.slot6(address);
    if (slot.isEmpty()) {
      return Optional.empty();
    }
    Optional<LeaseRow> lease =
        leases.ofSlot(slot.getAsInt()).filter(found -> !found.tap().isEmpty());
    if (lease.isEmpty()) {
      return Optional.empty();
    }
    return vms.byId(lease.get().vm()).map(row -> row.name().value());
  }
}
