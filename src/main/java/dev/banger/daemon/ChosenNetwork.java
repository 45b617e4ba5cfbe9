package dev.banger.daemon;

import dev.banger.capability.BridgedNetwork;
import dev.banger.capability.Capability;
import dev.banger.capability.Ports;
import dev.banger.capability.UserNetwork;
import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.net.VmNetworks;
import dev.banger.net.dns.Upstream;
import dev.banger.privileged.LinuxNetwork;
import dev.banger.store.Database;
import dev.banger.store.LeaseTable;
import dev.banger.store.VmTable;
import dev.banger.vmm.VmmSpec;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The network that this daemon's VMs have: a bridge, or the VMM's own. */
final class ChosenNetwork {
  private static final Logger LOG = LoggerFactory.getLogger(ChosenNetwork.class);

  private static final Path RESOLVERS = Path.of("/etc/resolv.conf");

  private final Optional<VmNetworks> bridged;
  private final boolean strict;
  private final AutoCloseable host;

  /**
   * @param strict a VM that cannot be on the bridge does not start
   */
  private ChosenNetwork(Optional<VmNetworks> bridged, boolean strict, AutoCloseable host) {
    this.bridged = bridged;
    this.strict = strict;
    this.host = host;
  }

  /** Where a bridge is asked for and cannot be, the daemon does not start; `auto` does without. */
  static ChosenNetwork open(
      NetworkSettings settings,
      Database database,
      Directories directories,
      boolean root,
      Clock clock)
      throws BangerException {
    if (settings.mode() == NetworkSettings.Mode.BRIDGE && !root) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "network.mode is \"bridge\", and only root can make one",
          "run the daemon as root, or set network.mode = \"user\"");
    }
    if (settings.mode() == NetworkSettings.Mode.USER || !root) {
      return new ChosenNetwork(Optional.empty(), false, () -> {});
    }
    try {
      LinuxNetwork host = LinuxNetwork.open();
      VmNetworks networks =
          new VmNetworks(
              host,
              new LeaseTable(database),
              new VmTable(database),
              settings,
              directories.data().toString(),
              new Upstream(RESOLVERS, clock));
      networks.openInBackground();
      boolean strict = settings.mode() == NetworkSettings.Mode.BRIDGE;
      return new ChosenNetwork(Optional.of(networks), strict, host);
    } catch (BangerException e) {
      if (settings.mode() == NetworkSettings.Mode.BRIDGE) {
        throw e;
      }
      LOG.warn("VMs get the user network: {} ({})", e.getMessage(), e.hint());
      return new ChosenNetwork(Optional.empty(), false, () -> {});
    }
  }

  /** Empty: VMs have the VMM's own network. */
  Optional<VmNetworks> bridged() {
    return bridged;
  }

  Capability capability() {
    return bridged
        .<Capability>map(networks ->
            new BridgedNetwork(
                networks,
                number -> Host.confinement(true, number).map(VmmSpec.Confinement::uid).orElse(0),
                strict ? Optional.empty() : Optional.of(new UserNetwork())))
        .orElseGet(UserNetwork::new);
  }

  /** How a guest's servers are reached. */
  Ports.Dialers dialers() {
    return bridged
        .<Ports.Dialers>map(networks -> (vm, guest) -> BridgedNetwork.dialer(networks, vm, guest))
        .orElse(UserNetwork::dialer);
  }

  void close() throws Exception {
    try {
      if (bridged.isPresent()) {
        bridged.get().close();
      }
    } finally {
      host.close();
    }
  }
}
