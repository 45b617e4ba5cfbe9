package dev.banger.vm;

import dev.banger.capability.Capabilities;
import dev.banger.capability.OwnDisk;
import dev.banger.capability.ShownDisks;
import dev.banger.capability.StartPlan;
import dev.banger.guest.Guest;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.disk.Publication;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Progress;
import dev.banger.model.VmId;
import dev.banger.store.VmRow;
import dev.banger.vmm.Accelerator;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads the disks of a VM that does not run. A helper VM boots from its kernel with these disks,
 * runs nothing of them, and is gone afterwards. It has the run directory of the VM itself, and its
 * steps are the VM's: what is left of it goes as what is left of a start goes.
 */
final class StoppedDisks {
  /** What the helper takes: its agent has one thread, and remembers the hard links it has seen. */
  static final Need NEED = new Need(1, ByteSize.mib(512));

  private final VmParts parts;
  private final Plans plans;
  private final KeyedLocks<VmId> locks;

  StoppedDisks(VmParts parts, Plans plans, KeyedLocks<VmId> locks) {
    this.parts = parts;
    this.plans = plans;
    this.locks = locks;
  }

  /** Does something with the guest that shows the files. */
  @FunctionalInterface
  interface Reader<T> {
    T read(Guest guest) throws BangerException, InterruptedException;
  }

  <T> T read(VmRow row, OwnDisk shown, Progress progress, Held held, Reader<T> reader)
      throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    try (Steps steps = parts.journal().steps(row.id().value())) {
      Path scratch =
          Publication.begin(steps, StepKind.IMAGE_STAGING, parts.directories().images())
              .directory();
      Boot.Booted helper = boot(row, shown, scratch, progress);
      try (Guest guest = helper.guest()) {
        return reader.read(guest);
      } catch (BangerException e) {
        throw Boot.lastWords(helper.vmm())
            .map(words ->
                new BangerException(
                    e.code(), e.getMessage() + ": the helper VM ended: " + words, e.hint(), e))
            .orElse(e);
      }
    }
  }

  private Boot.Booted boot(VmRow row, OwnDisk shown, Path scratch, Progress progress)
      throws BangerException, InterruptedException {
    ShownDisks disks = new ShownDisks(shown, parts.disks(), parts.directories().vm(row.id()));
    Boot boot = new Boot(parts, new Capabilities(List.of(disks)));
    Accelerator accelerator = parts.accelerators().choose();
    BootLimits limits = BootLimits.of(accelerator, parts.bootLimit());
    try {
      return boot.run(plan(row, scratch), accelerator, limits, progress);
    } catch (BangerException e) {
      throw new BangerException(
          e.code(),
          "cannot start the helper VM that reads the disks of "
              + row.name()
              + ": "
              + e.getMessage(),
          e.hint(),
          e);
    }
  }

  private StartPlan plan(VmRow row, Path scratch) throws BangerException {
    StartPlan.Vm vm = plans.of(row).vm();
    return new StartPlan(
        new StartPlan.Vm(
            vm.id(),
            vm.name(),
            scratch,
            vm.image(),
            vm.kernel(),
            NEED.cpus(),
            NEED.memory(),
            vm.disk(),
            "agent",
            List.of(),
            DiskTemplate.Life.ONE_RUN,
            vm.uid()));
  }
}
