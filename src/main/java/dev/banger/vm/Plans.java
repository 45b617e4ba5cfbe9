package dev.banger.vm;

import dev.banger.capability.StartPlan;
import dev.banger.image.Images;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.kernel.Kernels;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.store.VmRow;

/** From a VM's record to the plan of a start. */
final class Plans {
  private final Images images;
  private final Kernels kernels;
  private final Directories directories;

  Plans(VmParts parts) {
    this.images = parts.images();
    this.kernels = parts.kernels();
    this.directories = parts.directories();
  }

  StartPlan of(VmRow row) throws BangerException {
    return new StartPlan(
        new StartPlan.Vm(
            row.id(),
            row.name(),
            directories.vm(row.id()),
            images.byId(row.source().imageId()),
            kernels.byId(row.source().kernel()),
            row.shape().cpus(),
            row.shape().memory(),
            row.shape().disk(),
            row.initMode(),
            row.env(),
            row.oneShot() ? DiskTemplate.Life.ONE_RUN : DiskTemplate.Life.KEPT,
            row.uid()));
  }
}
