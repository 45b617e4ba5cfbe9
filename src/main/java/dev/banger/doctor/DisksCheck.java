package dev.banger.doctor;

import dev.banger.config.DiskSettings;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.privileged.LinuxBlockDevices;
import dev.banger.privileged.Root;
import dev.banger.proc.Binaries;
import dev.banger.snapshot.Snapshots;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** How VMs' system disks are made here; as root a snapshot is made and removed to find out. */
final class DisksCheck implements Check {
  private static final String OVERLAY = "overlay: image and changes are two disks";

  private final DiskSettings settings;
  private final Directories directories;
  private final Binaries binaries;

  DisksCheck(DiskSettings settings, Directories directories, Binaries binaries) {
    this.settings = settings;
    this.directories = directories;
    this.binaries = binaries;
  }

  @Override
  public String name() {
    return "system disks";
  }

  @Override
  public List<Finding> run() throws BangerException, InterruptedException {
    if (settings.driver() == DiskSettings.Driver.OVERLAY) {
      return List.of(Finding.ok(name(), OVERLAY + ", as disks.driver says"));
    }
    boolean wanted = settings.driver() == DiskSettings.Driver.DM_SNAPSHOT;
    if (!Root.isRoot()) {
      return List.of(
          wanted
              ? Finding.error(
                  name(), "disks.driver is dm-snapshot, and only root can make one", "run as root")
              : Finding.ok(name(), OVERLAY + "; snapshots are root's"));
    }
    try {
      Path data = Files.exists(directories.data()) ? directories.data() : Path.of("/");
      new Snapshots(new LinuxBlockDevices(binaries), data, settings.reserve())
          .probe(directories.cache().resolve("probes"));
      return List.of(Finding.ok(name(), "dm-snapshot: one was made, written and removed"));
    } catch (BangerException e) {
      String why = e.getMessage() + (e.reason().isEmpty() ? "" : ": " + e.reason());
      return List.of(
          wanted
              ? Finding.error(name(), "no dm-snapshot: " + why, e.hint())
              : Finding.ok(name(), OVERLAY + "; no dm-snapshot here: " + why));
    }
  }
}
