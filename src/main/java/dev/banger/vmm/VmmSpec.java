package dev.banger.vmm;

import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * All that a driver needs to start a VM.
 *
 * @param runDirectory takes sockets and records; made if missing
 * @param logDirectory takes the console and the VMM's own words; made if missing
 * @param kernel an ELF vmlinux
 * @param kernelArguments added to the driver's own
 * @param confinement empty: the VMM runs as the daemon's user
 */
public record VmmSpec(
    VmId id,
    Path runDirectory,
    Path logDirectory,
    int cpus,
    ByteSize memory,
    Path kernel,
    Path initramfs,
    List<String> kernelArguments,
    List<Drive> drives,
    List<Nic> nics,
    Accelerator accelerator,
    Optional<Confinement> confinement) {

  /** The unprivileged user and group of one VM. */
  public record Confinement(int uid, int gid) {
    public Confinement {
      if (uid <= 0 || gid <= 0) {
        throw new IllegalArgumentException("a VMM is not confined as " + uid + ":" + gid);
      }
    }
  }

  public VmmSpec {
    kernelArguments = List.copyOf(kernelArguments);
    drives = List.copyOf(drives);
    nics = List.copyOf(nics);
    if (cpus < 1) {
      throw new IllegalArgumentException("a VM with " + cpus + " processors");
    }
  }

  public VmmFiles files() {
    return new VmmFiles(id, runDirectory, logDirectory);
  }
}
