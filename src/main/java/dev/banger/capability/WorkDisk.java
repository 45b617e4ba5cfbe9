package dev.banger.capability;

import dev.banger.guest.GuestConfiguration;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.disk.DiskTemplates;
import dev.banger.model.BangerException;
import dev.banger.vmm.Drive;
import java.nio.file.Path;

/** The work disk: the guest's home directory, which survives a change of the image. */
public final class WorkDisk implements Capability {
  /** Overlayfs cannot stand on overlayfs: docker's layers live on the work disk. */
  private static final String DOCKER = "/var/lib/docker";

  private static final String HOME = "/root";

  private final DiskTemplates templates;

  public WorkDisk(DiskTemplates templates) {
    this.templates = templates;
  }

  @Override
  public String name() {
    return "work disk";
  }

  @Override
  public void prepare(StartPlan plan) throws BangerException, InterruptedException {
    StartPlan.Vm vm = plan.vm();
    Path disk = vm.directory().resolve("work.ext4");
    DiskTemplate template = templates.of(DiskTemplate.Role.WORK, vm.disk(), vm.life());
    template.copyIfMissing(disk);
    plan.add(
        Drive.writable(disk),
        new GuestConfiguration.Disk(
            GuestConfiguration.Role.WORK, template.role().uuid(), HOME, false, true));
    plan.add(new GuestConfiguration.Bind(".banger/docker", DOCKER));
  }
}
