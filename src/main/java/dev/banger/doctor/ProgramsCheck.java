package dev.banger.doctor;

import dev.banger.proc.Binaries;
import dev.banger.proc.Tool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The programs that banger runs. */
final class ProgramsCheck implements Check {
  private record Need(Tool tool, boolean always, String what) {}

  private static final List<Need> NEEDS =
      List.of(
          new Need(new Tool("qemu-system-x86_64", "qemu-system-x86"), true, "runs VMs"),
          new Need(new Tool("banger-shim", ""), true, "starts and watches each VM"),
          new Need(new Tool("banger-agent", ""), true, "runs in each guest"),
          new Need(new Tool("mke2fs", "e2fsprogs"), true, "makes disks"),
          new Need(
              new Tool("mmdebstrap", "mmdebstrap"), false, "builds images from Debian's packages"),
          new Need(new Tool("apt-get", "apt"), false, "fetches kernels and packages"),
          new Need(new Tool("dpkg-deb", "dpkg"), false, "unpacks kernels"));

  private final Binaries binaries;

  ProgramsCheck(Binaries binaries) {
    this.binaries = binaries;
  }

  @Override
  public String name() {
    return "programs";
  }

  @Override
  public List<Finding> run() {
    List<Finding> findings = new ArrayList<>();
    for (Need need : NEEDS) {
      Optional<Path> found = binaries.lookup(need.tool());
      findings.add(
          found
              .map(path -> Finding.ok(need.tool().name(), path.toString()))
              .orElseGet(() -> missing(need)));
    }
    return findings;
  }

  private static Finding missing(Need need) {
    String found = "not found; it " + need.what();
    String cure =
        need.tool().debianPackage().isEmpty()
            ? "build it: make -C guest"
            : "apt-get install " + need.tool().debianPackage();
    return need.always()
        ? Finding.error(need.tool().name(), found, cure)
        : Finding.warning(need.tool().name(), found, cure);
  }
}
