package dev.banger.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.config.Config.AcceleratorChoice;
import dev.banger.proc.Binaries;
import dev.banger.proc.Finished;
import dev.banger.proc.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AcceleratorProbeTest {
  private static final Tool VMM = new Tool("some-vmm", "no-such-package");

  @TempDir private Path directory;

  private static AcceleratorVerdict read(int status, String output) {
    return AcceleratorProbe.read(new Finished("banger-shim", status, output, List.of()));
  }

  @Test
  void onlyAFastRunIsUsable() {
    assertThat(read(0, "usable nanos=8000000\n").accelerator()).isEqualTo(Accelerator.KVM);
    AcceleratorVerdict interpreted = read(0, "usable nanos=906000000\n");
    assertThat(interpreted.accelerator()).isEqualTo(Accelerator.TCG);
    assertThat(interpreted)
        .hasToString(
            "KVM cannot be used: 1,000,000 turns of a loop took 906 ms, more than 100 ms (step"
                + " speed)");
  }

  @Test
  void aFailureNamesItsStep() {
    assertThat(read(1, "unusable step=open reason=cannot open /dev/kvm: Permission denied\n"))
        .isEqualTo(
            new AcceleratorVerdict(false, "open", "cannot open /dev/kvm: Permission denied"));
    assertThat(read(142, "").kvmUsable()).isFalse();
    assertThat(read(0, "usable nanos=soon").kvmUsable()).isFalse();
  }

  /** A shim that counts its runs. */
  private AcceleratorProbe counting(String script) throws Exception {
    Path shim = directory.resolve("banger-shim");
    Files.writeString(
        shim, "#!/bin/sh\necho run >> " + directory.resolve("runs") + "\n" + script + "\n");
    Files.setPosixFilePermissions(shim, PosixFilePermissions.fromString("rwx------"));
    Binaries binaries =
        new Binaries(Map.of(), List.of(directory), System.getenv().getOrDefault("PATH", ""));
    return new AcceleratorProbe(binaries, VMM, directory.resolve("cache").resolve("accelerator"));
  }

  private long runs() throws Exception {
    return Files.readAllLines(directory.resolve("runs")).size();
  }

  @Test
  void theVerdictIsKeptAsLongAsTheVmmIsTheSame() throws Exception {
    AcceleratorProbe probe = counting("echo usable nanos=1");
    assertThat(probe.choose(AcceleratorChoice.AUTO)).isEqualTo(Accelerator.KVM);
    assertThat(probe.verdict()).isEqualTo(counting("echo usable nanos=1").verdict());
    assertThat(runs()).isEqualTo(1);
    Path vmm = Files.writeString(directory.resolve(VMM.name()), "another version");
    Files.setPosixFilePermissions(vmm, PosixFilePermissions.fromString("rwx------"));
    probe.verdict();
    assertThat(runs()).isEqualTo(2);
  }

  @Test
  void theUsersChoiceNeedsNoProbe() throws Exception {
    AcceleratorProbe probe = counting("exit 1");
    assertThat(probe.choose(AcceleratorChoice.KVM)).isEqualTo(Accelerator.KVM);
    assertThat(probe.choose(AcceleratorChoice.TCG)).isEqualTo(Accelerator.TCG);
    assertThat(directory.resolve("runs")).doesNotExist();
  }

  @Test
  void aProbeThatHangsIsKilled() throws Exception {
    AcceleratorVerdict verdict = counting("sleep 600").probe();
    assertThat(verdict.kvmUsable()).isFalse();
    assertThat(verdict.reason()).contains("did not end within");
    assertThat(ProcessHandle.allProcesses())
        .noneMatch(p -> p.info().commandLine().orElse("").contains(directory.toString()));
  }
}
