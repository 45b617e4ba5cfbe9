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
import java.util.UUID;

/**
 * The system disk in overlay mode: the image's root file system, read-only and shared by all its
 * VMs, below the VM's own sparse ext4; and the kernel's modules. No byte of the image is copied.
 */
public final class SystemDisk implements Capability {
  private final DiskTemplates templates;

  public SystemDisk(DiskTemplates templates) {
    this.templates = templates;
  }

  @Override
  public String name() {
    return "system disk";
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    StartPlan.Vm vm = plan.vm();
    Path upper =
        OwnDisk.SYSTEM.prepare(vm.directory(), vm.disk(), vm.life(), templates, steps).file();
    plan.add(Drive.readOnly(vm.image().disk()), disk(Role.BASE, vm.image().uuid(), "/", true));
    plan.add(Drive.writable(upper), disk(Role.UPPER, DiskTemplate.Role.UPPER.uuid(), "/", false));
    plan.add(
        Drive.readOnly(vm.kernel().modulesDisk()),
        disk(Role.MODULES, vm.kernel().modulesUuid(), "", true));
  }

  @Override
  public void started(StartPlan plan, Guest guest) throws BangerException, InterruptedException {
    OwnDisk.SYSTEM.fill(plan.vm().directory(), guest);
  }

  private static Disk disk(Role role, UUID uuid, String mountPoint, boolean readOnly) {
    return new Disk(role, uuid, mountPoint, readOnly, !readOnly);
  }
}
