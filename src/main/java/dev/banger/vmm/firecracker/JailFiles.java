package dev.banger.vmm.firecracker;

import dev.banger.model.VmId;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmSpec;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where the jailer puts one VM's jail, and what its root holds.
 *
 * @param base all jails of the VM
 * @param executable the name of Firecracker's binary, which the jailer gives a directory
 */
record JailFiles(Path base, String executable, VmId id) {
  static final String API = "api.sock";
  static final String VSOCK = "agent.sock";
  static final String METRICS = "metrics";
  static final String LOG = "log";

  static JailFiles of(VmmFiles files, Path firecracker) {
    return new JailFiles(
        FirecrackerFiles.jails(files), firecracker.getFileName().toString(), files.id());
  }

  Path root() {
    return base.resolve(executable).resolve(id.value()).resolve("root");
  }

  /** The jailer's copy of the program: no other process runs it. */
  Path program() {
    return root().resolve(executable);
  }

  /** What the VM's files are called in the root. */
  static Map<Path, String> names(VmmSpec spec) {
    Map<Path, String> names = new LinkedHashMap<>();
    names.put(spec.kernel(), "kernel");
    names.put(spec.initramfs(), "initramfs");
    for (int i = 0; i < spec.drives().size(); i++) {
      names.putIfAbsent(spec.drives().get(i).file(), MachineSetup.driveId(i));
    }
    return names;
  }
}
