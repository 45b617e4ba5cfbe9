package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.net.dns.Names;
import dev.banger.net.port.Forwarder;
import dev.banger.net.port.LoopbackAddresses;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Names as this host sees them: a VM on the bridge has its addresses there, any other the address
 * of 127.0.0.0/8 on which its published ports answer; while it runs.
 */
public final class LoopbackNames implements Names {
  private final VmTable vms;
  private final Forwarder forwarder;
  private final Supplier<Optional<Names>> bridge;

  /**
   * @param bridge empty while there is none
   */
  public LoopbackNames(VmTable vms, Forwarder forwarder, Supplier<Optional<Names>> bridge) {
    this.vms = vms;
    this.forwarder = forwarder;
    this.bridge = bridge;
  }

  @Override
  public List<InetAddress> addresses(String vm) throws BangerException {
    Optional<Names> bridged = bridge.get();
    List<InetAddress> there = bridged.isPresent() ? bridged.get().addresses(vm) : List.of();
    Optional<VmRow> row = there.isEmpty() ? vms.byName(vm) : Optional.empty();
    return row.isPresent() && forwarder.isServing(row.get().id())
        ? List.of(InetAddress.ofLiteral(forwarder.publications().address(row.get().id())))
        : there;
  }

  @Override
  public boolean exists(String vm) throws BangerException {
    return vms.byName(vm).isPresent();
  }

  @Override
  public boolean isOurs(InetAddress address) throws BangerException {
    Optional<Names> bridged = bridge.get();
    return LoopbackAddresses.isForVms(address)
        || (bridged.isPresent() && bridged.get().isOurs(address));
  }

  /** A VM on the bridge has its ports on an address of its own, too. */
  @Override
  public Optional<String> name(InetAddress address) throws BangerException {
    if (!LoopbackAddresses.isForVms(address)) {
      Optional<Names> bridged = bridge.get();
      return bridged.isPresent() ? bridged.get().name(address) : Optional.empty();
    }
    var owner =
        forwarder.publications().owner(address.getHostAddress()).filter(forwarder::isServing);
    return owner.isPresent()
        ? vms.byId(owner.get()).map(row -> row.name().value())
        : Optional.empty();
  }
}
