package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestConfiguration;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.disk.DiskTemplates;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.vmm.Drive;
import java.nio.file.Path;

/** The work disk: the guest's home directory, which survives a change of the image. */
public final class WorkDisk implements Capability {
  /** Overlayfs cannot stand on overlayfs: docker's layers live on the work disk. */
  private static final String DOCKER = "/var/lib/docker";

  private final DiskTemplates templates;

  public WorkDisk(DiskTemplates templates) {
    this.templates = templates;
  }

  @Override
  public String name() {
    return "work disk";
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    StartPlan.Vm vm = plan.vm();
    Path disk = OwnDisk.WORK.prepare(vm.directory(), vm.disk(), vm.life(), templates, steps).file();
    plan.add(
        Drive.writable(disk),
        new GuestConfiguration.Disk(
            GuestConfiguration.Role.WORK,
            DiskTemplate.Role.WORK.uuid(),
            OwnDisk.WORK.mountPoint(),
            false,
            true));
    plan.add(new GuestConfiguration.Bind(".banger/docker", DOCKER));
  }

  @Override
  public void started(StartPlan plan, Guest guest) throws BangerException, InterruptedException {
    OwnDisk.WORK.fill(plan.vm().directory(), guest);
  }
}
