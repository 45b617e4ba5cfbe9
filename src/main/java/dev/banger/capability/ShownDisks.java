package dev.banger.capability;

import dev.banger.guest.GuestConfiguration.Disk;
import dev.banger.guest.GuestConfiguration.Role;
import dev.banger.guest.InitMode;
import dev.banger.image.disk.DiskFile;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.vmm.Drive;
import java.nio.file.Path;
import java.util.UUID;

/**
 * For a helper VM that only shows the files of another one, which is stopped: its disks, none of
 * them written to. One whose journal must be replayed is copied into the plan's own directory.
 */
public final class ShownDisks implements Capability {
  /** Where the guest has the files. */
  public static final String TREE = "/run/banger/tree";

  private final OwnDisk shown;
  private final SnapshotDisks snapshots;
  private final Path owner;

  /**
   * @param shown the system disk with the image below it, or the home
   * @param owner the directory of the VM whose disks they are
   */
  public ShownDisks(OwnDisk shown, SnapshotDisks snapshots, Path owner) {
    this.shown = shown;
    this.snapshots = snapshots;
    this.owner = owner;
  }

  @Override
  public String name() {
    return "disks of a stopped VM";
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    DiskFile own = shown.in(owner);
    if (shown == OwnDisk.WORK) {
      plan.add(drive(own, plan, steps), base(DiskTemplate.Role.WORK.uuid()));
    } else if (SnapshotDisks.isIn(owner)) {
      plan.add(
          snapshots.shown(plan, SnapshotDisks.in(owner), steps), base(plan.vm().image().uuid()));
    } else {
      plan.add(Drive.readOnly(plan.vm().image().disk()), base(plan.vm().image().uuid()));
      if (own.exists()) { // else the VM was never started
        plan.add(
            drive(own, plan, steps),
            new Disk(Role.UPPER, DiskTemplate.Role.UPPER.uuid(), "", true, false));
      }
    }
    plan.guest().init(InitMode.AGENT);
  }

  private static Disk base(UUID uuid) {
    return new Disk(Role.BASE, uuid, TREE, true, false);
  }

  private static Drive drive(DiskFile own, StartPlan plan, Steps steps)
      throws BangerException, InterruptedException {
    if (own.isClean()) {
      return Drive.readOnly(own.file());
    }
    Path copy = plan.vm().directory().resolve(own.file().getFileName());
    own.copyTo(copy, steps, StepKind.SYSTEM_DISK);
    return Drive.writable(copy);
  }
}
