package dev.banger.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.banger.ffm.ProcessCalls;
import dev.banger.image.TestDirectories;
import dev.banger.image.kernel.InitramfsFlavour;
import dev.banger.image.kernel.Kernel;
import dev.banger.image.kernel.Kernels;
import dev.banger.journal.MemoryJournal;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Drive;
import dev.banger.vmm.Nic;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.TestPrograms;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.VmmContract;
import dev.banger.vmm.VmmExit;
import dev.banger.vmm.VmmSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract with a real QEMU and a real kernel, and what QEMU's guests see of their machine. */
final class QemuHostTest extends VmmContract {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final VmmSpec.Confinement NOBODY = new VmmSpec.Confinement(65534, 65534);
  @TempDir private static Path images;
  private static Binaries binaries;
  private static Path vmlinux;
  private static Path cpio;

  @BeforeAll
  static void build() throws Exception {
    binaries = TestPrograms.binaries();
    Kernels kernels =
        new Kernels(
            TestDirectories.withSharedCache(images),
            binaries,
            TestPrograms.compiled("guest"),
            new OrderedLock(LockRank.IMAGE_OPS, "images"),
            MemoryJournal.journal(),
            Clock.systemUTC());
    Kernel kernel = kernels.pull(TestDirectories.PRINTED);
    vmlinux = kernel.vmlinux();
    cpio = kernels.initramfs(kernel, InitramfsFlavour.QEMU_MICROVM);
  }

  @Override
  protected Vmm driver(Binaries found, PidWatcher pids) {
    return new QemuVmm(found, pids);
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
    return binaries;
  }

  @Override
  protected Binaries withoutVmm() {
    Path nowhere = images.resolve("qemu-system-x86_64");
    return new Binaries(Map.of(QemuVmm.QEMU.name(), nowhere), List.of(), "");
  }

  /** Guest memory on the shared tmpfs. */
  @Override
  protected Stream<Path> elsewhere() throws IOException {
    try (Stream<Path> all = Files.walk(Path.of("/dev/shm"))) {
      return all.filter(path -> path.endsWith(ID.value())).toList().stream();
    }
  }

  private VmmSpec with(
      VmmSpec base, List<Nic> nics, ByteSize memory, Optional<VmmSpec.Confinement> confinement) {
    return new VmmSpec(
        base.id(),
        base.runDirectory(),
        base.logDirectory(),
        2,
        memory,
        base.kernel(),
        base.initramfs(),
        List.of("banger.test=yes"),
        base.drives(),
        nics,
        Accelerator.TCG,
        confinement);
  }

  private Path disk(String name) throws IOException {
    Path file = directory.resolve(name);
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.setLength(1 << 20);
    }
    return file;
  }

  @Test
  void theGuestSeesItsDisksAndCardsInOrder() throws Exception {
    Path own = disk("own");
    VmmSpec spec =
        with(
            spec(Drive.readOnly(disk("base")).withSerial("base"), Drive.writable(own)),
            List.of(Nic.user(HexFormat.of().parseHex("0a0102030405"))),
            ByteSize.mib(192),
            Optional.empty());
    RunningVmm vmm = start(spec);
    List<String> answers =
        ask(vmm, "disks", "sizes", "nets", "write /dev/vda", "write /dev/vdb", "arguments");
    assertThat(answers.subList(0, 5))
        .containsExactly(
            "vda=base vdb=", "vda=2048 vdb=2048", "eth0=0a:01:02:03:04:05", "refused", "done");
    assertThat(answers.get(5))
        .contains("banger.channel=virtio banger.vmm=qemu", "tsc_early_khz=", "banger.test=yes");
    assertThat(Files.readString(own)).startsWith("written by the guest");
  }

  @Test
  void aDiskInUseIsNotGivenToASecondVm() throws Exception {
    Path own = disk("own");
    RunningVmm first = start(spec(Drive.writable(own)));
    assertThat(ask(first, "hello")).containsExactly("hello");
    VmmSpec good = spec(Drive.writable(own));
    VmmSpec other =
        new VmmSpec(
            ID,
            directory.resolve("other-run"),
            directory.resolve("other-log"),
            1,
            good.memory(),
            good.kernel(),
            good.initramfs(),
            List.of(),
            good.drives(),
            List.of(),
            Accelerator.TCG,
            Optional.empty());
    RunningVmm second = start(other);
    VmmExit exit = second.awaitExit(LIMIT).orElseThrow();
    assertThat(exit.toString()).contains("the VMM failed", "Is another process using the image");
    assertThat(ask(first, "unhurt")).containsExactly("unhurt");
  }

  @Test
  void aConfinedVmmRunsAsItsOwnUser() throws Exception {
    assumeThat(ProcessCalls.geteuid()).as("only root can start one").isZero();
    VmmSpec spec =
        with(
            spec(Drive.readOnly(disk("base")), Drive.writable(disk("own"))),
            List.of(Nic.user(HexFormat.of().parseHex("0a0102030405"))),
            ByteSize.mib(160),
            Optional.of(NOBODY));
    RunningVmm vmm = start(spec);
    assertThat(ask(vmm, "write /dev/vdb")).containsExactly("done");
    Path process = Path.of("/proc", Long.toString(vmm.identity().pid()));
    assertThat(Files.getAttribute(process, "unix:uid")).isEqualTo(NOBODY.uid());
    assertThat(Files.readAllLines(process.resolve("status")))
        .contains("NoNewPrivs:\t1", "CapEff:\t0000000000000000");
  }

  @Test
  void moreMemoryThanThereIsStopsTheStart() throws Exception {
    VmmSpec spec = with(spec(), List.of(), ByteSize.gib(1 << 20), Optional.empty());
    assertFails(spec, ErrorCode.NO_SPACE, "do not fit");
    assertNothingWasMade();
  }

  @Test
  void moreDevicesThanSlotsStopTheStart() throws Exception {
    Path base = disk("base");
    Drive[] many = Stream.generate(() -> Drive.readOnly(base)).limit(22).toArray(Drive[]::new);
    assertFails(spec(many), ErrorCode.INVALID, "cannot have 22 disks and network cards");
    assertNothingWasMade();
  }

  @Test
  void asManyDevicesAsThereAreSlotsWork() throws Exception {
    Path base = disk("base");
    Drive[] many = Stream.generate(() -> Drive.readOnly(base)).limit(21).toArray(Drive[]::new);
    assertThat(ask(start(spec(many)), "sizes").getFirst()).endsWith("vdu=2048");
  }

  @Test
  void qemuSaysThatItIsPaused() throws Exception {
    QemuProcess vmm = (QemuProcess) start(spec());
    assertThat(vmm.status()).isEqualTo("running");
    vmm.pause();
    assertThat(vmm.status()).isEqualTo("paused");
    vmm.resume();
    assertThat(vmm.status()).isEqualTo("running");
  }

  @Test
  void aKernelThatIsNoneEndsTheVmmWithItsReason() throws Exception {
    VmmSpec good = spec();
    VmmSpec bad =
        new VmmSpec(
            ID,
            good.runDirectory(),
            good.logDirectory(),
            1,
            good.memory(),
            disk("no-kernel"),
            good.initramfs(),
            List.of(),
            List.of(),
            List.of(),
            Accelerator.TCG,
            Optional.empty());
    VmmExit exit = start(bad).awaitExit(LIMIT).orElseThrow();
    assertThat(exit.reason()).isEqualTo(VmmExit.Reason.CRASHED);
    assertThat(exit.detail()).contains("with status 1");
  }
}
