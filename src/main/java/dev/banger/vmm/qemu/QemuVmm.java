package dev.banger.vmm.qemu;

import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.journal.Undoer;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ShimCommand;
import dev.banger.proc.ShimLauncher;
import dev.banger.proc.ShimRecords;
import dev.banger.proc.Tool;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Machine;
import dev.banger.vmm.Nic;
import dev.banger.vmm.Preflight;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmRemains;
import dev.banger.vmm.VmmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Starts VMs under QEMU's microvm machine. */
public final class QemuVmm implements Vmm {
  public static final Tool QEMU = new Tool("qemu-system-x86_64", "qemu-system-x86");

  private static final Path KVM = Path.of("/dev/kvm");
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");
  private static final Duration LAUNCH_LIMIT = Duration.ofSeconds(20);

  /**
   * virtio-mmio slots that work: a microvm has 24, but with the last one taken QEMU 7.2's guest
   * hangs in its drivers.
   */
  private static final int SLOTS = 23;

  /** The virtio devices of each VM: random numbers and serial ports. */
  private static final int OWN_DEVICES = 2;

  private final Binaries binaries;
  private final PidWatcher watcher;
  private final ShimLauncher launcher;
  private final GuestMemory memory;
  private final OptionalLong counterKilohertz = TimeStampCounter.kilohertz();

  /**
   * @param watcher stays its owner's
   */
  public QemuVmm(Binaries binaries, PidWatcher watcher) {
    this(binaries, watcher, SHARED_MEMORY);
  }

  QemuVmm(Binaries binaries, PidWatcher watcher, Path sharedMemory) {
    this.binaries = binaries;
    this.watcher = watcher;
    this.launcher = new ShimLauncher(binaries);
    this.memory = new GuestMemory(sharedMemory);
  }

  @Override
  public String name() {
    return "qemu";
  }

  @Override
  public List<BangerException> preflight(VmmSpec spec) {
    return checks(spec).problems();
  }

  private Preflight checks(VmmSpec spec) {
    return new Preflight(spec)
        .check(() -> binaries.find(QEMU))
        .check(() -> binaries.find(ShimLauncher.SHIM))
        .check(() -> memory.check(spec))
        .check(() -> checkSlots(spec))
        .check(() -> checkRates(spec))
        .check(() -> checkReadableByAll(spec, spec.kernel()))
        .check(() -> checkReadableByAll(spec, spec.initramfs()))
        .check(() -> checkAccelerator(spec));
  }

  private static void checkSlots(VmmSpec spec) throws BangerException {
    int devices = spec.drives().size() + spec.nics().size();
    if (devices > SLOTS - OWN_DEVICES) {
      throw new BangerException(
          ErrorCode.INVALID,
          "a VM cannot have " + devices + " disks and network cards",
          "QEMU's microvm has room for " + (SLOTS - OWN_DEVICES) + " of them");
    }
  }

  private static void checkRates(VmmSpec spec) throws BangerException {
    if (spec.nics().stream().anyMatch(nic -> nic.rate().isPresent())) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "QEMU cannot limit the rate of a network card",
          "remove vm.net_rate from config.toml, or set vmm = \"firecracker\"");
    }
  }

  /** QEMU opens kernel and initramfs anew, as its own user. */
  private static void checkReadableByAll(VmmSpec spec, Path file) throws BangerException {
    try {
      if (spec.confinement().isPresent()
          && Files.exists(file)
          && !Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
        throw new BangerException(
            ErrorCode.PERMISSION,
            "a confined QEMU cannot read " + file,
            "make it readable for all: chmod a+r " + file);
      }
    } catch (IOException e) {
      throw new BangerException(ErrorCode.PERMISSION, "cannot look at " + file, "", e);
    }
  }

  private static void checkAccelerator(VmmSpec spec) throws BangerException {
    if (spec.accelerator() == Accelerator.KVM
        && !(Files.isReadable(KVM) && Files.isWritable(KVM))) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot use " + KVM,
          "add yourself to its group (usermod -aG kvm), or set accel = \"tcg\"");
    }
  }

  @Override
  public RunningVmm start(VmmSpec spec, Steps steps) throws BangerException, InterruptedException {
    checks(spec).require();
    VmmFiles files = spec.files();
    files.refuseSecondStart();
    steps.take(VmmRemains.step(StepKind.RUN_DIRECTORY, files), files::prepare);
    Path ram =
        steps.make(
            VmmRemains.step(StepKind.GUEST_MEMORY, files),
            () -> memory.create(spec, QemuCommand.memorySize(spec)));
    ShimCommand command = new QemuCommand(binaries.find(QEMU), spec, ram, counterKilohertz).build();
    confine(command, spec);
    ShimRecords.Started started =
        steps.make(
            VmmRemains.step(StepKind.VMM, files), () -> launcher.launch(command, LAUNCH_LIMIT));
    QemuProcess process =
        new QemuProcess(
            files,
            started,
            watcher,
            memory,
            spec.accelerator().toString(),
            Optional.of(
                new Machine(spec.cpus(), QemuCommand.memorySize(spec), hasOwnNetwork(spec))));
    process.begin();
    return process;
  }

  private static boolean hasOwnNetwork(VmmSpec spec) {
    return spec.nics().stream().anyMatch(nic -> nic.link() instanceof Nic.UserNetwork);
  }

  @Override
  public Map<StepKind, Undoer> undoers() {
    Map<StepKind, Undoer> all = new EnumMap<>(new VmmRemains(watcher).undoers());
    all.put(StepKind.GUEST_MEMORY, step -> memory.remove(VmmRemains.files(step)));
    return all;
  }

  private static void confine(ShimCommand command, VmmSpec spec) throws BangerException {
    if (spec.confinement().isEmpty()) {
      return;
    }
    VmmSpec.Confinement user = spec.confinement().get();
    List<Integer> groups =
        spec.accelerator() == Accelerator.KVM ? List.of(groupOf(KVM)) : List.of();
    command.identity(user.uid(), user.gid(), groups);
  }

  private static int groupOf(Path device) throws BangerException {
    try {
      return (Integer) Files.getAttribute(device, "unix:gid");
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot look at " + device, "set accel = \"tcg\"", e);
    }
  }

  @Override
  public Optional<RunningVmm> adopt(VmId id, Path runDirectory, Path logDirectory)
      throws BangerException {
    VmmFiles files = new VmmFiles(id, runDirectory, logDirectory);
    Optional<ShimRecords.Started> started = ShimRecords.started(runDirectory);
    if (started.isEmpty()) {
      memory.remove(files);
      files.remove();
      return Optional.empty();
    }
    QemuWords words = QemuWords.of(started.get().program());
    QemuProcess process =
        new QemuProcess(
            files, started.get(), watcher, memory, words.accelerator(), words.machine());
    process.begin();
    return Optional.of(process);
  }

  @Override
  public void reclaim(Path runDirectories, Known known) throws BangerException {
    memory.reclaim(runDirectories, known);
  }
}
