package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestConfiguration.Disk;
import dev.banger.guest.GuestConfiguration.Role;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.disk.DiskTemplates;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.vmm.Drive;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * The system disk, of which no byte is copied from the image, and the kernel's modules. In overlay
 * mode the image's root file system, read-only and shared by all its VMs, is below the VM's own
 * sparse ext4; else the disk is a snapshot of it. A VM keeps the mode of its first start.
 */
public final class SystemDisk implements Capability {
  /** What disks are made as that are not there yet. */
  @FunctionalInterface
  public interface Choice {
    boolean snapshots() throws BangerException, InterruptedException;
  }

  private final DiskTemplates templates;
  private final SnapshotDisks snapshots;
  private final Choice choice;

  public SystemDisk(DiskTemplates templates, SnapshotDisks snapshots, Choice choice) {
    this.templates = templates;
    this.snapshots = snapshots;
    this.choice = choice;
  }

  @Override
  public String name() {
    return "system disk";
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    StartPlan.Vm vm = plan.vm();
    if (isSnapshot(vm.directory())) {
      snapshots.prepare(plan, steps);
    } else {
      layers(plan, steps);
    }
    plan.add(
        Drive.readOnly(vm.kernel().modulesDisk()),
        disk(Role.MODULES, vm.kernel().modulesUuid(), "", true));
  }

  private boolean isSnapshot(Path directory) throws BangerException, InterruptedException {
    return SnapshotDisks.isIn(directory)
        || (!OwnDisk.SYSTEM.in(directory).exists() && choice.snapshots());
  }

  @Override
  public List<String> preflight(StartPlan plan) throws BangerException, InterruptedException {
    return isSnapshot(plan.vm().directory()) ? snapshots.obstacles() : List.of();
  }

  private void layers(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    StartPlan.Vm vm = plan.vm();
    Path upper =
        OwnDisk.SYSTEM.prepare(vm.directory(), vm.disk(), vm.life(), templates, steps).file();
    plan.add(Drive.readOnly(vm.image().disk()), disk(Role.BASE, vm.image().uuid(), "/", true));
    plan.add(Drive.writable(upper), disk(Role.UPPER, DiskTemplate.Role.UPPER.uuid(), "/", false));
  }

  @Override
  public void started(StartPlan plan, Guest guest) throws BangerException, InterruptedException {
    Path directory = plan.vm().directory();
    if (SnapshotDisks.isIn(directory)) {
      snapshots.fill(plan.vm().id(), guest);
    } else {
      OwnDisk.SYSTEM.fill(directory, guest);
    }
  }

  @Override
  public void cleanup(StartPlan plan) throws BangerException, InterruptedException {
    snapshots.detach(plan.vm().id(), plan.vm().directory());
  }

  private static Disk disk(Role role, UUID uuid, String mountPoint, boolean readOnly) {
    return new Disk(role, uuid, mountPoint, readOnly, !readOnly);
  }
}
