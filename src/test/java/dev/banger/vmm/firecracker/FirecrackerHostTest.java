package dev.banger.vmm.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.banger.config.VmmSettings;
import dev.banger.ffm.ProcessCalls;
import dev.banger.image.TestDirectories;
import dev.banger.image.kernel.InitramfsFlavour;
import dev.banger.image.kernel.Kernel;
import dev.banger.image.kernel.Kernels;
import dev.banger.journal.MemoryJournal;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Drive;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.TestPrograms;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.VmmContract;
import dev.banger.vmm.VmmExit;
import dev.banger.vmm.VmmSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The contract with a real Firecracker and a real kernel. Not run, and said to be not run, where
 * {@code BANGER_TEST_FIRECRACKER} names none, or KVM is missing; {@code BANGER_TEST_JAILER} names
 * the jailer of the same release.
 */
final class FirecrackerHostTest extends VmmContract {
  private static final String FIRECRACKER = System.getenv("BANGER_TEST_FIRECRACKER");
  private static final String JAILER = System.getenv("BANGER_TEST_JAILER");
  private static final VmmSpec.Confinement USER = new VmmSpec.Confinement(0x70000001, 0x70000001);
  @TempDir private static Path images;
  private static Binaries found;
  private static Path vmlinux;
  private static Path cpio;

  @BeforeAll
  static void build() throws Exception {
    assumeThat(FIRECRACKER).as("BANGER_TEST_FIRECRACKER names no Firecracker: not run").isNotNull();
    assumeThat(Path.of("/dev/kvm")).as("Firecracker needs KVM: not run").exists();
    Map<String, Path> chosen = new HashMap<>();
    chosen.put(FirecrackerVmm.FIRECRACKER.name(), Path.of(FIRECRACKER));
    if (JAILER != null) {
      chosen.put(FirecrackerVmm.JAILER.name(), Path.of(JAILER));
    }
    Path shim = TestPrograms.guest("banger-shim");
    found =
        new Binaries(
            chosen, List.of(shim.resolveSibling("")), System.getenv().getOrDefault("PATH", ""));
    Kernels kernels =
        new Kernels(
            TestDirectories.withSharedCache(images),
            found,
            TestPrograms.compiled("guest"),
            new OrderedLock(LockRank.IMAGE_OPS, "images"),
            MemoryJournal.journal(),
            Clock.systemUTC());
    Kernel kernel = kernels.pull(TestDirectories.PRINTED);
    vmlinux = kernel.vmlinux();
    cpio = kernels.initramfs(kernel, InitramfsFlavour.FIRECRACKER);
  }

  @Override
  protected Vmm driver(Binaries binaries, PidWatcher pids) {
    return new FirecrackerVmm(binaries, pids, FirecrackerSettings.of(VmmSettings.Jailer.AUTO));
  }

  @Override
  protected Path kernel() {
    return vmlinux;
  }

  @Override
  protected Path initramfs() {
    return cpio;
  }

  @Override
  protected Binaries binaries() {
    return found;
  }

  @Override
  protected Binaries withoutVmm() {
    return new Binaries(
        Map.of(FirecrackerVmm.FIRECRACKER.name(), images.resolve("nowhere")), List.of(), "");
  }

  @Override
  protected Accelerator accelerator() {
    return Accelerator.KVM;
  }

  @Override
  protected VmmExit.Reason vanished() {
    return VmmExit.Reason.GUEST_REBOOTED;
  }

  @Test
  void aConfinedVmmRunsInAJailAsItsOwnUserUnderSeccomp() throws Exception {
    assumeThat(ProcessCalls.geteuid()).as("only root can use the jailer: not run").isZero();
    assumeThat(JAILER).as("BANGER_TEST_JAILER names no jailer: not run").isNotNull();
    Path own = Files.write(directory.resolve("own"), new byte[1 << 20]);
    VmmSpec base = spec(Drive.writable(own));
    RunningVmm vmm =
        start(
            new VmmSpec(
                base.id(),
                base.runDirectory(),
                base.logDirectory(),
                2,
                base.memory(),
                base.kernel(),
                base.initramfs(),
                List.of(),
                base.drives(),
                List.of(),
                Accelerator.KVM,
                Optional.of(USER)));
    assertThat(ask(vmm, "write /dev/vda", "sizes")).containsExactly("done", "vda=2048");
    Path process = Path.of("/proc", Long.toString(vmm.identity().pid()));
    assertThat(Files.getAttribute(process, "unix:uid")).isEqualTo(USER.uid());
    assertThat(Files.readAllLines(process.resolve("status")))
        .contains("Seccomp:\t2", "CapEff:\t0000000000000000");
    assertThat(Files.readString(own)).startsWith("written by the guest");
  }
}
