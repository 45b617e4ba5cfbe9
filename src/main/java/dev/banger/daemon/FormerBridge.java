package dev.banger.daemon;

import dev.banger.config.NetworkSettings;
import dev.banger.ffm.SystemCallException;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.net.VmNetworks;
import dev.banger.privileged.LinuxNetwork;
import dev.banger.store.Database;
import dev.banger.store.LeaseTable;
import java.time.Clock;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bridge of a daemon before this one, which has none: taken away when this one starts and when
 * it ends, unless VMs still run on it.
 */
final class FormerBridge {
  private static final Logger LOG = LoggerFactory.getLogger(FormerBridge.class);

  private final LinuxNetwork host;
  private final VmNetworks networks;
  private final Thread first;

  private FormerBridge(LinuxNetwork host, VmNetworks networks) {
    this.host = host;
    this.networks = networks;
    this.first = Thread.ofVirtual().name("former-bridge").start(this::retire);
  }

  /** Of no cost where there has never been a bridge. */
  static AutoCloseable open(
      NetworkSettings settings,
      Database database,
      Directories directories,
      boolean root,
      Clock clock)
      throws BangerException {
    List<String> bridges = new LeaseTable(database).bridges();
    if (bridges.isEmpty()) {
      return () -> {};
    }
    if (!root) {
      LOG.warn(
          "root's daemon has left {} here, which only root can take away: run `banger uninstall`"
              + " as root with the data directory {}",
          bridges,
          directories.data());
      return () -> {};
    }
    try {
      LinuxNetwork host = LinuxNetwork.open();
      FormerBridge former =
          new FormerBridge(
              host, ChosenNetwork.networks(host, settings, database, directories, clock));
      return former::close;
    } catch (BangerException e) {
      LOG.warn("what is left of {} cannot be taken away: {}", bridges, e.getMessage());
      return () -> {};
    }
  }

  private void retire() {
    try {
      networks.retire();
    } catch (BangerException e) {
      LOG.warn("the bridge of an earlier daemon cannot be taken away", e);
    }
  }

  private void close() throws InterruptedException, SystemCallException {
    first.join();
    retire();
    host.close();
  }
}
