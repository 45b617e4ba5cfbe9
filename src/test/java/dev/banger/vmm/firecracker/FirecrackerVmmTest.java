package dev.banger.vmm.firecracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.banger.config.VmmSettings;
import dev.banger.ffm.ProcessCalls;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.ShimRecords;
import dev.banger.proc.Signal;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Drive;
import dev.banger.vmm.Nic;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.TestPrograms;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.VmmContract;
import dev.banger.vmm.VmmExit;
import dev.banger.vmm.VmmSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract, and more, with processes that are Firecracker and jailer to all outside. */
final class FirecrackerVmmTest extends VmmContract {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final VmmSpec.Confinement USER = new VmmSpec.Confinement(0x70000001, 0x70000001);
  private static final Path NULL = Path.of("/dev/null");
  @TempDir private static Path programs;
  private static Binaries binaries;
  private static Path file;

  private VmmSettings.Jailer jailer = VmmSettings.Jailer.AUTO;

  @BeforeAll
  static void install() throws Exception {
    binaries = FakeInstallation.of(programs.resolve("one"), 16);
    file = Files.write(programs.resolve("file"), new byte[1 << 20]);
  }

  @Override
  protected Vmm driver(Binaries found, PidWatcher pids) {
    return new FirecrackerVmm(found, pids, new FirecrackerSettings(jailer, NULL));
  }

  @Override
  protected Path kernel() {
    return file;
  }

  @Override
  protected Path initramfs() {
    return file;
  }

  @Override
  protected Binaries binaries() {
    return binaries;
  }

  @Override
  protected Binaries withoutVmm() {
    Path nowhere = programs.resolve("nowhere");
    return new Binaries(Map.of(FirecrackerVmm.FIRECRACKER.name(), nowhere), List.of(), "");
  }

  @Override
  protected Accelerator accelerator() {
    return Accelerator.KVM;
  }

  /** It knows no power-off. */
  @Override
  protected VmmExit.Reason vanished() {
    return VmmExit.Reason.GUEST_REBOOTED;
  }

  private VmmSpec with(List<Nic> nics, Accelerator accelerator, Drive... drives) throws Exception {
    VmmSpec base = spec(drives);
    return new VmmSpec(
        base.id(),
        base.runDirectory(),
        base.logDirectory(),
        base.cpus(),
        base.memory(),
        base.kernel(),
        base.initramfs(),
        List.of(),
        base.drives(),
        nics,
        accelerator,
        Optional.empty());
  }

  private VmmSpec confined(Drive... drives) throws Exception {
    assumeThat(ProcessCalls.geteuid()).as("only root can use the jailer").isZero();
    VmmSpec base = spec(drives);
    return new VmmSpec(
        base.id(),
        base.runDirectory(),
        base.logDirectory(),
        base.cpus(),
        base.memory(),
        base.kernel(),
        base.initramfs(),
        List.of(),
        base.drives(),
        List.of(),
        Accelerator.KVM,
        Optional.of(USER));
  }

  private Path root() {
    return logDirectory().resolve("jail/firecracker").resolve(ID.value()).resolve("root");
  }

  @Test
  void pauseBalloonAndGrowthAreRequestsToTheRunningMachine() throws Exception {
    Path own = Files.write(directory.resolve("own"), new byte[8192]);
    FirecrackerProcess vmm = (FirecrackerProcess) start(spec(Drive.writable(own)));
    assertThat(vmm.state()).isEqualTo("Running");
    vmm.pause();
    assertThat(vmm.state()).isEqualTo("Paused");
    assertThat(vmm.suspended()).isPresent();
    RunningVmm found = driver().adopt(ID, runDirectory(), logDirectory()).orElseThrow();
    await().until(() -> found.suspended().isPresent());
    vmm.resume();
    assertThat(vmm.suspended()).isEmpty();
    vmm.balloon(ByteSize.mib(64));
    vmm.growDisk(own, ByteSize.kib(64));
    assertThat(Files.size(own)).isEqualTo(64 << 10);
    assertThatThrownBy(() -> vmm.growDisk(own, ByteSize.kib(4))).hasMessageContaining("already");
    assertThatThrownBy(() -> vmm.growDisk(file, ByteSize.mib(9)))
        .hasMessageContaining("cannot find the disk");
    assertThat(found.machine().orElseThrow().memory()).isEqualTo(ByteSize.mib(160));
  }

  @Test
  void whatItCountsAndWhatItLogsIsRead() throws Exception {
    FirecrackerProcess vmm = (FirecrackerProcess) start(spec());
    assertThat(vmm.counters()).isNotNull();
    await().until(() -> vmm.counters().getOrDefault("block.read_count", 0L) >= 2);
    await()
        .untilAsserted(() ->
            assertThat(Files.readString(logDirectory().resolve("vmm.log")))
                .contains("fake: a warning"));
  }

  @Test
  void theKeysThatRebootEndTheMachine() throws Exception {
    RunningVmm vmm = start(spec());
    vmm.pressPowerButton();
    assertThat(vmm.awaitExit(LIMIT).orElseThrow().reason())
        .isEqualTo(VmmExit.Reason.GUEST_REBOOTED);
  }

  @Test
  void aForbiddenSystemCallIsCalledWhatItIs() throws Exception {
    RunningVmm vmm = start(spec());
    try (var channel = vmm.openChannel()) {
      channel.write(StandardCharsets.UTF_8.encode("exit 148\n"));
      assertThat(vmm.awaitExit(LIMIT).orElseThrow().toString())
          .contains("with status 148", "seccomp", "fake: told to");
    }
  }

  @Test
  void aConfinedOneHasItsFilesInAJailThatGoesWithIt() throws Exception {
    Path own = Files.write(directory.resolve("own"), new byte[8192]);
    RunningVmm vmm = start(confined(Drive.readOnly(file), Drive.writable(own)));
    assertThat(ask(vmm, "in jail")).containsExactly("in jail");
    assertThat(Files.isSameFile(root().resolve("disk1"), own)).isTrue();
    assertThat(Files.getAttribute(own, "unix:uid")).isEqualTo(USER.uid());
    assertThat(Files.readString(root().resolve("firecracker.pid"))).isEqualTo("1");
    assertThat(vmm.identity().verify()).isTrue();
    vmm.growDisk(own, ByteSize.kib(64));
    assertThat(Files.size(own)).isEqualTo(64 << 10);
    try (PidWatcher pids = new PidWatcher()) {
      RunningVmm found =
          driver(binaries(), pids).adopt(ID, runDirectory(), logDirectory()).orElseThrow();
      assertThat(ask(found, "second daemon")).containsExactly("second daemon");
      found.kill();
      found.cleanUp();
    }
    assertThat(logDirectory().resolve("jail")).doesNotExist();
    assertThat(file).exists();
    assertThat(own).exists();
  }

  @Test
  void aConfinedOneEndsWithItsShim() throws Exception {
    RunningVmm vmm = start(confined());
    ProcessIdentity shim = ShimRecords.started(runDirectory()).orElseThrow().shim();
    assertThat(PidWatcher.signal(shim, Signal.KILL)).isTrue();
    assertThat(vmm.awaitExit(LIMIT).orElseThrow().reason()).isEqualTo(VmmExit.Reason.CRASHED);
  }

  @Test
  void filesOfAnotherFileSystemAreMountedInTheJail() throws Exception {
    VmmSpec spec = confined();
    Path elsewhere = Files.createTempFile(Path.of("/dev/shm"), "fc", ".disk");
    try {
      Files.write(elsewhere, new byte[4096]);
      RunningVmm vmm = start(confined(Drive.writable(elsewhere)));
      assertThat(Files.isSameFile(root().resolve("disk0"), elsewhere)).isTrue();
      vmm.kill();
      vmm.cleanUp();
      assertThat(elsewhere).hasSize(4096);
      assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
          .doesNotContain(spec.logDirectory().toString());
    } finally {
      Files.delete(elsewhere);
    }
  }

  @Test
  void aTapInUseIsToldAndNothingIsLeft() throws Exception {
    byte[] mac = HexFormat.of().parseHex("0a0102030405");
    assertFails(
        with(List.of(Nic.tap(mac, "nonesuch0")), Accelerator.KVM),
        ErrorCode.NOT_FOUND,
        "there is no tap device nonesuch0");
    assertFails(
        with(List.of(Nic.user(mac)), Accelerator.KVM),
        ErrorCode.HOST_UNSUPPORTED,
        "Firecracker has no network of its own");
    assertNothingWasMade();
  }

  @Test
  void withoutKvmNothingStarts() throws Exception {
    assertFails(
        with(List.of(), Accelerator.TCG), ErrorCode.HOST_UNSUPPORTED, "Firecracker needs KVM");
    assertThatThrownBy(() ->
            started(
                new FirecrackerVmm(
                    binaries,
                    watcher,
                    new FirecrackerSettings(jailer, directory.resolve("no-kvm"))),
                spec()))
        .hasMessageContaining("cannot use " + directory.resolve("no-kvm"));
    assertNothingWasMade();
  }

  @Test
  void aReleaseThatIsTooOldIsRefusedAndSoIsAJailerOfAnother() throws Exception {
    Binaries old = FakeInstallation.of(programs.resolve("old"), 9);
    assertThatThrownBy(() -> started(driver(old, watcher), spec()))
        .hasMessageContaining("firecracker 1.9.0 at")
        .hasMessageContaining("is too old: 1.13.0 or later is needed");
    Binaries mixed = FakeInstallation.of(programs.resolve("mixed"), 16, 15);
    VmmSpec spec = confined();
    assertThatThrownBy(() -> started(driver(mixed, watcher), spec))
        .hasMessageContaining("is of release 1.15.0, Firecracker of 1.16.0");
    assertNothingWasMade();
  }

  @Test
  void aJailWithoutRootIsRefused() throws Exception {
    jailer = VmmSettings.Jailer.ALWAYS;
    assertFails(spec(), ErrorCode.PERMISSION, "only root can use the jailer");
    assertNothingWasMade();
  }

  @Test
  void aKernelThatItRefusesIsToldInItsWords() throws Exception {
    Binaries strict = FakeInstallation.of(programs.resolve("strict"), 16);
    Path script = programs.resolve("strict/firecracker");
    Files.writeString(
        script, Files.readString(script).replace("-Xmx64m", "-Xmx64m -Dfake.kernel=refused"));
    assertThatThrownBy(() -> started(driver(strict, watcher), spec()))
        .hasMessageContaining("Firecracker refused PUT /boot-source")
        .hasMessageContaining("Invalid kernel image");
    assertNothingWasMade();
  }

  @Test
  void oneThatEndsBeforeItServesSaysWhy() throws Exception {
    Binaries broken = TestPrograms.binaries(programs.resolve("broken"));
    Binaries _ = FakeInstallation.of(programs.resolve("broken"), 16);
    Path script = programs.resolve("broken/firecracker");
    Files.writeString(
        script, Files.readString(script).replace("exec ", "echo no memory >&2; exit 12\nexec "));
    assertThatThrownBy(() -> started(driver(broken, watcher), spec()))
        .hasMessageContaining("Firecracker ended while it started")
        .hasMessageContaining("with status 12, the host has no memory left: no memory");
    assertNothingWasMade();
  }

  @Test
  void aSocketThatWasLeftOverDoesNotStopTheStart() throws Exception {
    Files.createDirectories(runDirectory());
    Files.writeString(runDirectory().resolve("vmm.sock"), "");
    Files.writeString(runDirectory().resolve("agent.sock"), "");
    assertThat(ask(start(spec()), "hello")).containsExactly("hello");
  }
}
