package dev.banger.image.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.image.TestDirectories;
import dev.banger.journal.MemoryJournal;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pulls a real kernel from the host's mirrors; the tools of the host are the judges. */
class KernelsHostTest {
  private final Binaries binaries = Binaries.ofPath();
  @TempDir Path temporary;

  private Kernels kernels(Directories directories) throws Exception {
    Path agent = Files.copy(Path.of("/bin/true"), temporary.resolve("agent"));
    return new Kernels(
        directories,
        binaries,
        agent,
        new OrderedLock(LockRank.IMAGE_OPS, "images"),
        MemoryJournal.journal(),
        Clock.systemUTC());
  }

  private String run(String program, String... arguments) throws Exception {
    Finished finished = Command.of(binaries, new Tool(program, program), arguments).run();
    assertThat(finished.status()).as("%s", finished).isZero();
    return finished.output();
  }

  @Test
  void pulledKernelIsWholeAndTheToolsAgree() throws Exception {
    Kernels kernels = kernels(TestDirectories.withSharedCache(temporary));
    long begin = System.nanoTime();
    Kernel kernel = kernels.pull(TestDirectories.PRINTED);
    long first = System.nanoTime();
    assertThat(kernels.pull(TestDirectories.PRINTED)).isEqualTo(kernel);
    long second = System.nanoTime();
    System.err.printf(
        "kernel pull: %d ms, again %d ms%n", (first - begin) / 1000000, (second - first) / 1000000);
    assertThat(kernels.list()).containsExactly(kernel);
    assertThat(kernels.find(kernel.release())).isEqualTo(kernel);
    assertThat(run("readelf", "-h", kernel.vmlinux().toString()))
        .contains("Executable file")
        .contains("X86-64");
    assertThat(run("readelf", "-n", kernel.vmlinux().toString())).contains("Xen");
    run("e2fsck", "-fn", kernel.modulesDisk().toString());
    assertThat(run("dumpe2fs", "-h", kernel.modulesDisk().toString()))
        .contains(kernel.modulesUuid().toString());
    modprobeUnderstandsTheModulesDisk(kernel);
    initramfsIsWhatCpioSees(kernels, kernel);
    try (var leftOver = Files.newDirectoryStream(kernel.directory().resolve(".."), ".new-*")) {
      assertThat(leftOver).isEmpty();
    }
    kernels.delete(kernel, List::of);
    assertThat(kernels.list()).isEmpty();
    assertThat(Files.exists(kernel.directory())).isFalse();
  }

  private void modprobeUnderstandsTheModulesDisk(Kernel kernel) throws Exception {
    Path base = temporary.resolve("base");
    Path tree = base.resolve("lib/modules").resolve(kernel.release());
    Files.createDirectories(tree);
    Command.of(
            binaries,
            new Tool("debugfs", "e2fsprogs"),
            "-R",
            "rdump / " + tree,
            kernel.modulesDisk().toString())
        .run();
    String[] arguments = {
      "-d", base.toString(), "-S", kernel.release(), "--show-depends", "nf_nat"
    };
    assertThat(run("modprobe", arguments)).contains("nf_conntrack.ko").contains("nf_nat.ko");
  }

  private void initramfsIsWhatCpioSees(Kernels kernels, Kernel kernel) throws Exception {
    Path archive = kernels.initramfs(kernel, InitramfsFlavour.QEMU_MICROVM);
    assertThat(kernels.initramfs(kernel, InitramfsFlavour.QEMU_MICROVM)).isEqualTo(archive);
    assertThat(kernels.initramfs(kernel, InitramfsFlavour.FIRECRACKER)).isNotEqualTo(archive);
    System.err.println("initramfs: " + Files.size(archive) + " bytes");
    List<String> order =
        Files.readAllLines(kernel.directory().resolve(InitramfsFlavour.QEMU_MICROVM.orderFile()));
    System.err.println("modules: " + order);
    assertThat(order).containsSubsequence("virtio_ring", "virtio", "virtio_mmio", "virtio_blk");
    assertThat(order).containsSubsequence("failover", "net_failover", "virtio_net");
    assertThat(order).doesNotContain("vsock", "virtio_pci", "ext4");
    try (var input = Files.newInputStream(archive)) {
      String names =
          Command.of(binaries, new Tool("cpio", "cpio"), "-t").input(input).run().output();
      assertThat(names.lines()).contains("init", "dev/console", "modules/order");
    }
    Files.writeString(temporary.resolve("agent"), "another agent");
    assertThat(kernels.initramfs(kernel, InitramfsFlavour.QEMU_MICROVM)).isNotEqualTo(archive);
  }
}
