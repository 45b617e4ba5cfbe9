package dev.banger.vmm;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

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
}
