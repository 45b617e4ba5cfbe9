package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestConfiguration;
import dev.banger.image.Image;
import dev.banger.image.Seeds;
import dev.banger.image.disk.DiskFile;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.disk.DiskTemplates;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.vmm.Drive;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The work disk: the guest's home directory and the volumes of its image, which survive a change of
 * the image. The home begins as a copy of the image's work seed, or empty.
 */
public final class WorkDisk implements Capability {
  private static final Logger LOG = LoggerFactory.getLogger(WorkDisk.class);

  /** Overlayfs cannot stand on overlayfs: docker's layers live on the work disk. */
  static final String DOCKER = "/var/lib/docker";

  private final DiskTemplates templates;
  private final Seeds seeds;

  /**
   * @param seeds what a home begins with, when the image has one
   */
  public WorkDisk(DiskTemplates templates, Seeds seeds) {
    this.templates = templates;
    this.seeds = seeds;
  }

  @Override
  public String name() {
    return "work disk";
  }

  @Override
  public void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    StartPlan.Vm vm = plan.vm();
    DiskFile own = OwnDisk.WORK.in(vm.directory());
    boolean _ = !own.exists() && seeds.copyTo(own.file(), vm.image(), steps);
    Path disk = OwnDisk.WORK.prepare(vm.directory(), vm.disk(), vm.life(), templates, steps).file();
    plan.add(
        Drive.writable(disk),
        new GuestConfiguration.Disk(
            GuestConfiguration.Role.WORK,
            DiskTemplate.Role.WORK.uuid(),
            OwnDisk.WORK.mountPoint(),
            false,
            true));
    addBinds(plan);
  }

  private static void addBinds(StartPlan plan) {
    Volumes volumes = volumes(plan);
    for (String what : volumes.leftOut()) {
      LOG.warn("vm={} a volume of its image is left out: {}", plan.vm().name(), what);
    }
    List<GuestConfiguration.Bind> binds = new ArrayList<>(volumes.binds());
    binds.add(new GuestConfiguration.Bind(".banger/docker", DOCKER, false));
    binds.sort(Comparator.comparing(GuestConfiguration.Bind::target)); // below others: after them
    binds.forEach(plan::add);
  }

  /** What this image names as volumes and its VMs have not, each with the reason. */
  public static List<String> volumesLeftOut(Image image) {
    return Volumes.of(image.defaults().volumes()).leftOut();
  }

  private static Volumes volumes(StartPlan plan) {
    return Volumes.of(plan.vm().image().defaults().volumes());
  }

  @Override
  public List<String> preflight(StartPlan plan) throws BangerException {
    StartPlan.Vm vm = plan.vm();
    if (!OwnDisk.WORK.in(vm.directory()).exists()) {
      seeds.requireFits(vm.image(), vm.disk().roundUp(OwnDisk.UNIT));
    }
    int volumes = volumes(plan).paths().size();
    return volumes <= Volumes.LIMIT
        ? List.of()
        : List.of("its image wants " + volumes + " volumes, of " + Volumes.LIMIT + " at most");
  }

  @Override
  public void started(StartPlan plan, Guest guest) throws BangerException, InterruptedException {
    OwnDisk.WORK.fill(plan.vm().directory(), guest);
  }
}
