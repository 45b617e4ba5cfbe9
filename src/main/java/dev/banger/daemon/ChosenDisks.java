package dev.banger.daemon;

import dev.banger.capability.SnapshotDisks;
import dev.banger.capability.SystemDisk;
import dev.banger.config.DiskSettings;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.privileged.BlockDevices;
import dev.banger.snapshot.Snapshots;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How this daemon makes system disks: by configuration, or by what the host can do. */
final class ChosenDisks implements SystemDisk.Choice {
  private static final Logger LOG = LoggerFactory.getLogger(ChosenDisks.class);

  private final DiskSettings settings;
  private final Snapshots snapshots;
  private final Path probes;
  private final boolean root;
  private final boolean firecracker;
  private volatile @Nullable Boolean chosen;

  private ChosenDisks(
      DiskSettings settings, Snapshots snapshots, Path probes, boolean root, boolean firecracker) {
    this.settings = settings;
    this.snapshots = snapshots;
    this.probes = probes;
    this.root = root;
    this.firecracker = firecracker;
  }

  /**
   * Looks at the host in the background.
   *
   * @param firecracker whether it is there: its VMs have overlays unless snapshots are asked for
   */
  static ChosenDisks open(
      DiskSettings settings,
      BlockDevices devices,
      Directories directories,
      boolean root,
      boolean firecracker)
      throws BangerException {
    if (settings.driver() == DiskSettings.Driver.DM_SNAPSHOT && !root) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "disks.driver is \"dm-snapshot\", and only root can make one",
          "run the daemon as root, or set disks.driver = \"overlay\"");
    }
    ChosenDisks chosen =
        new ChosenDisks(
            settings,
            new Snapshots(devices, directories.data(), settings.reserve()),
            directories.cache().resolve("probes"),
            root,
            firecracker);
    Thread _ = Thread.ofVirtual().name("disks").start(chosen::look);
    return chosen;
  }

  SnapshotDisks disks() {
    return new SnapshotDisks(snapshots);
  }

  Snapshots room() {
    return snapshots;
  }

  private void look() {
    try {
      LOG.info("disks={}", snapshots() ? "dm-snapshot" : "overlay");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Two that ask at once try it twice, and find the same. */
  @Override
  public boolean snapshots() throws InterruptedException {
    Boolean known = chosen;
    if (known == null) {
      known =
          switch (settings.driver()) {
            case OVERLAY -> false;
            case DM_SNAPSHOT -> true;
            case AUTO -> root && !firecracker && works();
          };
      chosen = known;
    }
    return known;
  }

  private boolean works() throws InterruptedException {
    try {
      snapshots.probe(probes);
      return true;
    } catch (BangerException e) {
      LOG.info("no dm-snapshot here: {} {}", e.getMessage(), e.reason());
      return false;
    }
  }

  /** Removes devices of VMs that are not known. */
  void reclaim(VmTable table) throws BangerException, InterruptedException {
    if (root) {
      snapshots.reclaim(() -> ids(table));
    }
  }

  private static Set<VmId> ids(VmTable table) throws BangerException {
    return table.all().stream().map(VmRow::id).collect(Collectors.toUnmodifiableSet());
  }
}
