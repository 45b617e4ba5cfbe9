package dev.banger.vmm;

import dev.banger.ffm.FileCalls;
import dev.banger.ffm.SystemCallException;
import dev.banger.model.ByteSize;
import dev.banger.proc.ProcessUsage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a VMM and its shim take of the host; counters count since their start.
 *
 * @param resident of both, the guest's memory as far as it was ever used included
 * @param proportional as resident, shared pages in shares; empty where the host does not show it
 * @param guestMemory what the file with the guest's RAM takes; empty where there is none
 * @param io to and from the host's disks; empty where the host does not show it
 */
public record VmmUsage(
    Duration user,
    Duration system,
    ByteSize resident,
    Optional<ByteSize> proportional,
    Optional<ByteSize> guestMemory,
    Optional<ProcessUsage.DiskTraffic> io,
    int threads) {

  static VmmUsage of(ProcessUsage vmm, Optional<ProcessUsage> shim, Optional<Path> memory) {
    return new VmmUsage(
        vmm.user().plus(shim.map(ProcessUsage::user).orElse(Duration.ZERO)),
        vmm.system().plus(shim.map(ProcessUsage::system).orElse(Duration.ZERO)),
        sum(vmm.resident(), shim.map(ProcessUsage::resident)),
        vmm.proportional().map(own -> sum(own, shim.flatMap(ProcessUsage::proportional))),
        memory.flatMap(VmmUsage::allocated),
        vmm.io(),
        vmm.threads() + shim.map(ProcessUsage::threads).orElse(0));
  }

  private static ByteSize sum(ByteSize one, Optional<ByteSize> other) {
    return new ByteSize(one.bytes() + other.map(ByteSize::bytes).orElse(0L));
  }

  private static Optional<ByteSize> allocated(Path file) {
    try {
      return Optional.of(new ByteSize(FileCalls.allocated(file)));
    } catch (SystemCallException e) {
      return Optional.empty(); // it goes with its VM
    }
  }
}
