package dev.banger.vmm.firecracker;

import dev.banger.model.ByteSize;
import dev.banger.model.VmId;
import dev.banger.vmm.VmmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The limits of one VM in a cgroup of version 2, which the jailer makes and enters. Where the host
 * has none there are none: the guest's memory is then limited by its size alone.
 */
final class Cgroup {
  static final String PARENT = "banger";

  private static final Path ROOT = Path.of("/sys/fs/cgroup");

  /** What a Firecracker needs beside the guest's memory, its page cache included. */
  private static final ByteSize OVERHEAD = ByteSize.mib(256);

  /** Its threads but the vCPUs'. */
  private static final int THREADS = 16;

  private Cgroup() {}

  /** The jailer's words for it; none where the host cannot have such limits. */
  static List<String> words(VmmSpec spec, Path root) {
    List<String> controllers = controllers(root);
    List<String> words = new ArrayList<>();
    if (controllers.contains("memory")) {
      long most = MachineSetup.memorySize(spec).bytes() + OVERHEAD.bytes();
      words.addAll(List.of("--cgroup", "memory.max=" + most));
    }
    if (controllers.contains("pids")) {
      words.addAll(List.of("--cgroup", "pids.max=" + (spec.cpus() + THREADS)));
    }
    if (!words.isEmpty()) {
      words.addAll(0, List.of("--cgroup-version", "2", "--parent-cgroup", PARENT));
    }
    return words;
  }

  static List<String> words(VmmSpec spec) {
    return words(spec, ROOT);
  }

  private static List<String> controllers(Path root) {
    try {
      return List.of(Files.readString(root.resolve("cgroup.controllers")).strip().split(" "));
    } catch (IOException e) {
      return List.of();
    }
  }

  /** It is empty when its VM has ended; there may be none. */
  static void remove(VmId id) throws IOException {
    Files.deleteIfExists(ROOT.resolve(PARENT).resolve(id.value()));
  }
}
