package dev.banger.vmm.firecracker;

import dev.banger.model.ByteSize;
import dev.banger.proc.ShimCommand;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the shim starts: Firecracker, or the jailer that becomes it. */
record FirecrackerCommand(
    VmmSpec spec,
    Installed.Program firecracker,
    Optional<Installed.Program> jailer,
    Surroundings surroundings) {
  private static final ByteSize CONSOLE_LIMIT = ByteSize.mib(1);
  private static final ByteSize ERRORS_LIMIT = ByteSize.kib(256);

  ShimCommand build() {
    VmmFiles files = spec.files();
    ShimCommand shim = new ShimCommand(spec.runDirectory());
    shim.serial(files.console(), CONSOLE_LIMIT).errors(files.errors(), ERRORS_LIMIT);
    shim.errorsPipe(FirecrackerFiles.log(files)).console(files.line());
    shim.limit("core", 0);
    if (jailer.isEmpty() || spec.confinement().isEmpty()) {
      return shim.program(own(List.of(firecracker.path().toString(), "--id", spec.id().value())));
    }
    VmmSpec.Confinement user = spec.confinement().get();
    return shim.identity(user.uid(), user.gid(), List.of()).jailer().program(jailed(user));
  }

  /** The jailer gives Firecracker its id. */
  private List<String> jailed(VmmSpec.Confinement user) {
    List<String> words =
        new ArrayList<>(
            List.of(
                jailer.orElseThrow().path().toString(),
                "--id",
                spec.id().value(),
                "--exec-file",
                firecracker.path().toString(),
                "--uid",
                Integer.toString(user.uid()),
                "--gid",
                Integer.toString(user.gid()),
                "--chroot-base-dir",
                FirecrackerFiles.jails(spec.files()).toString()));
    words.addAll(Cgroup.words(spec));
    words.add("--");
    return own(words);
  }

  private List<String> own(List<String> before) {
    List<String> words = new ArrayList<>(before);
    words.addAll(List.of("--api-sock", surroundings.api()));
    words.addAll(List.of("--log-path", surroundings.log(), "--level", "Warning"));
    if (firecracker.version().hasPci()) {
      words.add("--enable-pci");
    }
    return words;
  }
}
