package dev.banger.vmm;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.nio.file.Path;
import java.util.List;
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
   * RunningVmm#onExit} tells. When it throws, nothing is left: no process, file or socket.
   */
  RunningVmm start(VmmSpec spec) throws BangerException, InterruptedException;

  /**
   * The VMM that some daemon started there, alive or ended; {@link RunningVmm#alive} tells. Empty
   * when there is none; what a start that never came to be has left is removed then.
   */
  Optional<RunningVmm> adopt(VmId id, Path runDirectory, Path logDirectory) throws BangerException;

  /**
   * Removes what VMs outside their own directories have left that are not known any more, unless a
   * process still uses it. Before any start of this daemon.
   *
   * @param runDirectories the parent of all VMs' run directories
   */
  void reclaim(Path runDirectories, Set<VmId> known) throws BangerException;
}
