package dev.banger.daemon;

import dev.banger.capability.BridgedNetwork;
import dev.banger.capability.Capability;
import dev.banger.capability.Ports;
import dev.banger.capability.UserNetwork;
import dev.banger.config.NetworkSettings;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.net.LoopbackDns;
import dev.banger.net.LoopbackNames;
import dev.banger.net.UserLink;
import dev.banger.net.UserLinks;
import dev.banger.net.VmNetworks;
import dev.banger.net.dns.HostRoute;
import dev.banger.net.dns.Names;
import dev.banger.net.dns.Upstream;
import dev.banger.net.port.Forwarder;
import dev.banger.privileged.LinuxNetwork;
import dev.banger.privileged.SystemdResolved;
import dev.banger.proc.Binaries;
import dev.banger.store.AnswerTable;
import dev.banger.store.Database;
import dev.banger.store.LeaseTable;
import dev.banger.store.VmTable;
import dev.banger.vmm.VmmSpec;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The network that this daemon's VMs have: a bridge, or the VMM's own. */
final class ChosenNetwork {
  private static final Logger LOG = LoggerFactory.getLogger(ChosenNetwork.class);

  private static final Path RESOLVERS = Path.of("/etc/resolv.conf");

  private final Optional<VmNetworks> bridged;
  private final UserLinks links;
  private final boolean strict;
  private final AutoCloseable host;

  /**
   * @param strict a VM that cannot be on the bridge does not start
   */
  private ChosenNetwork(
      Optional<VmNetworks> bridged, UserLinks links, boolean strict, AutoCloseable host) {
    this.bridged = bridged;
    this.links = links;
    this.strict = strict;
    this.host = host;
  }

  /** Where a bridge is asked for and cannot be, the daemon does not start; `auto` does without. */
  static ChosenNetwork open(
      NetworkSettings settings,
      Database database,
      Directories directories,
      Binaries binaries,
      boolean root,
      Clock clock)
      throws BangerException {
    if (settings.mode() == NetworkSettings.Mode.BRIDGE && !root) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "network.mode is \"bridge\", and only root can make one",
          "run the daemon as root, or set network.mode = \"user\"");
    }
    UserLinks links = new UserLinks(settings.user(), binaries);
    if (settings.mode() == NetworkSettings.Mode.USER || !root) {
      return user(links, FormerBridge.open(settings, database, directories, root, clock));
    }
    try {
      LinuxNetwork host = LinuxNetwork.open();
      VmNetworks networks = networks(host, settings, database, directories, clock);
      networks.openInBackground();
      boolean strict = settings.mode() == NetworkSettings.Mode.BRIDGE;
      return new ChosenNetwork(Optional.of(networks), links, strict, host);
    } catch (BangerException e) {
      if (settings.mode() == NetworkSettings.Mode.BRIDGE) {
        throw e;
      }
      LOG.warn("VMs get the user network: {} ({})", e.getMessage(), e.hint());
      return user(links, () -> {});
    }
  }

  private static ChosenNetwork user(UserLinks links, AutoCloseable former) {
    links.begin();
    return new ChosenNetwork(Optional.empty(), links, false, former);
  }

  static VmNetworks networks(
      LinuxNetwork host,
      NetworkSettings settings,
      Database database,
      Directories directories,
      Clock clock) {
    return new VmNetworks(
        host,
        new LeaseTable(database),
        new AnswerTable(database),
        new VmTable(database),
        settings,
        directories.data().toString(),
        new Upstream(RESOLVERS, clock),
        clock,
        new HostRoute(SystemdResolved::open, "vm"));
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
                strict ? Optional.empty() : Optional.of(new UserNetwork(links))))
        .orElseGet(() -> new UserNetwork(links));
  }

  /** How a guest's servers are reached. */
  Ports.Dialers dialers() {
    return bridged
        .<Ports.Dialers>map(networks -> (vm, guest) -> BridgedNetwork.dialer(networks, vm, guest))
        .orElse(UserNetwork::dialer);
  }

  /** What who makes a VM should know of its network; null: nothing. */
  @Nullable String warning() throws InterruptedException {
    try {
      return bridged.isPresent() || links.get().keepsLoopback()
          ? null
          : "what listens on this host's loopback only is reached from VMs: their network is "
              + (links.get() instanceof UserLink.Vmm
                  ? "QEMU's, where 10.0.2.2 is this host"
                  : "that of an old passt")
              + " (docs/networking.md)";
    } catch (BangerException e) {
      return null; // the start says why
    }
  }

  /** Names as this host's programs are told them; empty: they are not. */
  Optional<LoopbackDns> answerNames(
      NetworkSettings settings, Database database, Forwarder forwarder) {
    Names names =
        new LoopbackNames(
            new VmTable(database), forwarder, () -> bridged.flatMap(VmNetworks::names));
    return settings.dns().map(where -> LoopbackDns.openInBackground(where, names));
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
