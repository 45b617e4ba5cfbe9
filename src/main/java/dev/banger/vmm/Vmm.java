package dev.banger.vmm;

import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.journal.Undoer;
import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A driver: starts VMs as processes that outlive the daemon. {@code VmmContract} tests each. */
public interface Vmm {
  /** {@code qemu}: for records and messages. */
  String name();

  /** All that stands against this start, each with its cure; changes nothing. */
  List<BangerException> preflight(VmmSpec spec);

  /**
   * Starts the VM. Its channel can be opened at once; the VMM may still fail later, which {@link
   * RunningVmm#onExit} tells. What it leaves on the host are steps: when they are undone, no
   * process, file or socket is left.
   */
  RunningVmm start(VmmSpec spec, Steps steps) throws BangerException, InterruptedException;

  /** How the steps are undone that drivers take, in whatever state the VM is. */
  Map<StepKind, Undoer> undoers();

  /**
   * The VMM that some daemon started there, alive or ended; {@link RunningVmm#alive} tells. Empty
   * when there is none; what a start that never came to be has left is removed then.
   */
  Optional<RunningVmm> adopt(VmId id, Path runDirectory, Path logDirectory) throws BangerException;

  /**
   * Removes what VMs outside their own directories have left that are not known any more, unless a
   * process still uses it.
   *
   * @param runDirectories the parent of all VMs' run directories
   * @param known asked after a look at what there is: a VM that starts is known before it has
   *     anything
   */
  void reclaim(Path runDirectories, Known known) throws BangerException;

  /** All VMs that there are. */
  @FunctionalInterface
  interface Known {
    Set<VmId> ids() throws BangerException;
  }
}
