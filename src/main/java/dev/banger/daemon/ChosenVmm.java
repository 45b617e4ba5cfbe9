package dev.banger.daemon;

import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.journal.Undoer;
import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.VmmSpec;
import dev.banger.vmm.firecracker.FirecrackerVmm;
import dev.banger.vmm.qemu.QemuVmm;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The driver that this daemon starts VMs with; VMs that a daemon before it started with the other
 * one are that one's until they end.
 */
record ChosenVmm(Vmm chosen, QemuVmm qemu, FirecrackerVmm firecracker) implements Vmm {
  @Override
  public String name() {
    return chosen.name();
  }

  @Override
  public List<BangerException> preflight(VmmSpec spec) {
    return chosen.preflight(spec);
  }

  @Override
  public RunningVmm start(VmmSpec spec, Steps steps) throws BangerException, InterruptedException {
    return chosen.start(spec, steps);
  }

  /** What both leave is undone by both: each finds nothing of the other's. */
  @Override
  public Map<StepKind, Undoer> undoers() {
    Map<StepKind, Undoer> all = new EnumMap<>(StepKind.class);
    all.putAll(qemu.undoers());
    all.putAll(firecracker.undoers());
    return all;
  }

  @Override
  public Optional<RunningVmm> adopt(VmId id, Path runDirectory, Path logDirectory)
      throws BangerException {
    return FirecrackerVmm.started(id, runDirectory, logDirectory)
        ? firecracker.adopt(id, runDirectory, logDirectory)
        : qemu.adopt(id, runDirectory, logDirectory);
  }

  @Override
  public void reclaim(Path runDirectories, Known known) throws BangerException {
    qemu.reclaim(runDirectories, known);
    firecracker.reclaim(runDirectories, known);
  }
}
