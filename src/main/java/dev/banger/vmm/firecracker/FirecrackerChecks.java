package dev.banger.vmm.firecracker;

import dev.banger.config.VmmSettings;
import dev.banger.ffm.ProcessCalls;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.ShimLauncher;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.Nic;
import dev.banger.vmm.Preflight;
import dev.banger.vmm.VmmSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** All that can stand against a start under Firecracker, as far as it can be known before. */
record FirecrackerChecks(VmmSpec spec, Binaries binaries, FirecrackerSettings settings) {
  private static final Path NETWORKS = Path.of("/sys/class/net");
  private static final int MOST_PROCESSORS = 32;

  /** Firecracker adds words of its own to the kernel's. */
  private static final int ROOM_FOR_ITS_WORDS = 256;

  /** What is to be started; the jailer's program where there is to be a jail. */
  record Pair(Installed.Program firecracker, Optional<Installed.Program> jailer) {}

  /** What was found, or why nothing was: one of both. */
  record Programs(@Nullable Pair pair, @Nullable BangerException failure) {
    Pair found() throws BangerException {
      if (pair == null) {
        throw failure == null
            ? new BangerException(ErrorCode.INTERNAL, "no Firecracker was looked for", "")
            : failure;
      }
      return pair;
    }
  }

  Preflight all(Programs programs) {
    return new Preflight(spec)
        .check(programs::found)
        .check(() -> binaries.find(ShimLauncher.SHIM))
        .check(this::accelerator)
        .check(this::jail)
        .check(this::machine)
        .check(() -> slots(programs))
        .check(this::networks);
  }

  private void accelerator() throws BangerException {
    if (spec.accelerator() != Accelerator.KVM) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "Firecracker needs KVM, which this host cannot use",
          "`banger doctor` says why; set vmm = \"qemu\", which does without");
    }
    Path kvm = settings.kvm();
    boolean reachable =
        spec.confinement().isPresent()
            ? Files.exists(kvm)
            : Files.isReadable(kvm) && Files.isWritable(kvm);
    if (!reachable) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot use " + kvm,
          "load the kernel's module (modprobe kvm_intel or kvm_amd), and add yourself to the"
              + " device's group (usermod -aG kvm)");
    }
  }

  private void jail() throws BangerException {
    if (settings.jailer() == VmmSettings.Jailer.ALWAYS && spec.confinement().isEmpty()) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "firecracker.jailer is \"always\", and only root can use the jailer (this is user "
              + ProcessCalls.geteuid()
              + ")",
          "run the daemon as root, or set firecracker.jailer = \"auto\"");
    }
    if (settings.jailer() != VmmSettings.Jailer.NEVER && spec.confinement().isPresent()) {
      Jail.checkReadableByAll(spec);
    }
  }

  private void machine() throws BangerException {
    if (spec.cpus() > MOST_PROCESSORS) {
      throw new BangerException(
          ErrorCode.INVALID,
          "a VM cannot have " + spec.cpus() + " processors",
          "Firecracker gives at most " + MOST_PROCESSORS);
    }
    int length = MachineSetup.commandLine(spec).getBytes(StandardCharsets.UTF_8).length;
    if (length > MachineSetup.COMMAND_LINE_LIMIT - ROOM_FOR_ITS_WORDS) {
      throw new BangerException(
          ErrorCode.INVALID,
          "the kernel's arguments have " + length + " bytes",
          "Firecracker takes " + (MachineSetup.COMMAND_LINE_LIMIT - ROOM_FOR_ITS_WORDS));
    }
  }

  private void slots(Programs programs) throws BangerException {
    int devices = spec.drives().size() + spec.nics().size();
    int slots =
        (programs.pair() == null
                ? FirecrackerVersion.OLDEST
                : programs.pair().firecracker().version())
            .deviceSlots();
    if (devices > slots - MachineSetup.OWN_DEVICES) {
      throw new BangerException(
          ErrorCode.INVALID,
          "a VM cannot have " + devices + " disks and network cards",
          "this Firecracker has room for " + (slots - MachineSetup.OWN_DEVICES) + " of them");
    }
  }

  private void networks() throws BangerException {
    for (Nic nic : spec.nics()) {
      if (!(nic.link() instanceof Nic.Tap tap)) {
        throw new BangerException(
            ErrorCode.HOST_UNSUPPORTED,
            "Firecracker has no network of its own: its cards are on tap devices",
            "run the daemon as root with network.mode = \"bridge\", or set vmm = \"qemu\"");
      }
      if (!Files.exists(NETWORKS.resolve(tap.name()).resolve("tun_flags"))) {
        throw new BangerException(
            ErrorCode.NOT_FOUND,
            "there is no tap device " + tap.name(),
            "restart the daemon, which makes them anew");
      }
    }
  }
}
