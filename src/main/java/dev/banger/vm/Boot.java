package dev.banger.vm;

import dev.banger.capability.Capabilities;
import dev.banger.capability.StartPlan;
import dev.banger.config.Config;
import dev.banger.guest.ExecOrder;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestChannel;
import dev.banger.guest.GuestConfiguration;
import dev.banger.guest.GuestLimits;
import dev.banger.guest.Ready;
import dev.banger.image.kernel.InitramfsFlavour;
import dev.banger.image.kernel.Kernels;
import dev.banger.journal.Journal;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.model.Undo;
import dev.banger.model.VmId;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmSpec;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a VM from a plan to a guest that serves commands: preflight, disks, VMM, kernel, agent,
 * configuration. What it made is gone when it fails.
 */
final class Boot {
  private static final Logger LOG = LoggerFactory.getLogger(Boot.class);
  private static final int CONSOLE_LINES = 15;
  private static final Duration COPY_LIMIT = Duration.ofMinutes(15);

  /** A guest that is lost may have ended with its VMM, which is seen a moment later. */
  private static final Duration LAST_WORDS = Duration.ofMillis(500);

  /** A guest that serves commands, and what it was asked to run. */
  record Booted(RunningVmm vmm, Guest guest, Optional<ExecOrder> program) {}

  private final Vmm driver;
  private final Kernels kernels;
  private final Capabilities capabilities;
  private final Directories directories;
  private final Journal journal;
  private final Clock clock;
  private final VmParts.Confinements confinement;
  private final Config.Rates rates;

  Boot(VmParts parts) {
    this(parts, parts.capabilities());
  }

  /** With these hooks in place of those that every VM has. */
  Boot(VmParts parts, Capabilities capabilities) {
    this.driver = parts.driver();
    this.kernels = parts.kernels();
    this.capabilities = capabilities;
    this.directories = parts.directories();
    this.journal = parts.journal();
    this.clock = parts.clock();
    this.confinement = parts.confinement();
    this.rates = parts.rates();
  }

  Booted run(StartPlan plan, Accelerator accelerator, BootLimits limits, Progress progress)
      throws BangerException, InterruptedException {
    progress.stage("preflight");
    capabilities.preflight(plan);
    try (Steps steps = journal.steps(plan.vm().id().value());
        Undo undo = new Undo()) {
      progress.stage("disks");
      capabilities.prepare(plan, steps);
      VmmSpec spec = spec(plan, accelerator);
      RunningVmm first = spawn(spec, progress, steps);
      Answering up = answering(first, spec, plan, limits, progress, steps);
      undo.add("connection to the guest", up.guest()::close);
      progress.stage("configure");
      Optional<ExecOrder> program = configure(up, plan, configureLimit(plan, limits));
      progress.stage("hooks");
      capabilities.started(plan, up.guest());
      steps.keep();
      undo.keep();
      return new Booted(up.vmm(), up.guest(), program);
    } catch (BangerException e) {
      throw unlessInterrupted(e);
    }
  }

  /** An interrupt that has closed a file's channel is no failure of that file. */
  private static BangerException unlessInterrupted(BangerException e) throws InterruptedException {
    if (!Thread.interrupted()) {
      return e;
    }
    InterruptedException interrupt = new InterruptedException(e.getMessage());
    interrupt.initCause(e);
    throw interrupt;
  }

  /** The first start of a VM whose image has volumes copies what is in them. */
  private static Duration configureLimit(StartPlan plan, BootLimits limits) {
    boolean volumes = !plan.vm().image().defaults().volumes().isEmpty();
    return volumes ? limits.configure().plus(COPY_LIMIT) : limits.configure();
  }

  private VmmSpec spec(StartPlan plan, Accelerator accelerator) throws BangerException {
    StartPlan.Vm vm = plan.vm();
    return new VmmSpec(
        vm.id(),
        directories.vmRun(vm.id()),
        vm.directory(),
        vm.cpus(),
        vm.memory(),
        vm.kernel().vmlinux(),
        kernels.initramfs(vm.kernel(), InitramfsFlavour.of(driver.name())),
        List.of(),
        plan.drives().stream().map(drive -> drive.withRate(rates.disk())).toList(),
        plan.nics().stream().map(nic -> nic.withRate(rates.network())).toList(),
        accelerator,
        confinement.of(vm.uid()));
  }

  private record Answering(RunningVmm vmm, Guest guest) {}

  /** One that gives no sign is started once more: a boot under emulation can hang. */
  private Answering answering(
      RunningVmm started,
      VmmSpec spec,
      StartPlan plan,
      BootLimits limits,
      Progress progress,
      Steps steps)
      throws BangerException, InterruptedException {
    RunningVmm vmm = started;
    progress.stage("boot");
    Optional<Guest> first = connect(vmm, plan, limits.silent(), true);
    if (first.isEmpty()) {
      LOG.warn(
          "vm={} gave no sign for {}: its VMM is started once more",
          plan.vm().name(),
          limits.silent());
      end(vmm);
      vmm = spawn(spec, progress, steps);
      progress.stage("boot again");
      first = connect(vmm, plan, limits.answer().minus(limits.silent()), true);
    }
    return new Answering(vmm, first.orElseThrow(silence(vmm, plan, limits.answer())));
  }

  private RunningVmm spawn(VmmSpec spec, Progress progress, Steps steps)
      throws BangerException, InterruptedException {
    progress.stage("vmm");
    return driver.start(spec, steps);
  }

  static void end(RunningVmm vmm) throws BangerException, InterruptedException {
    vmm.kill();
    vmm.cleanUp();
  }

  /** Empty when the guest did not answer in time; a VMM that ended is an error that says why. */
  private Optional<Guest> connect(RunningVmm vmm, StartPlan plan, Duration limit, boolean fresh)
      throws BangerException, InterruptedException {
    try {
      return Optional.of(Guest.connect(channel(plan.vm().id(), vmm), fresh, limit, limits(vmm)));
    } catch (BangerException e) {
      if (vmm.awaitExit(e.code() == ErrorCode.TIMEOUT ? Duration.ZERO : LAST_WORDS).isPresent()) {
        throw ended(vmm, plan, e);
      }
      if (e.code() == ErrorCode.TIMEOUT) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** Where the agent of a VM answers. */
  GuestChannel channel(VmId id, RunningVmm vmm) {
    Path socket = new VmmFiles(id, directories.vmRun(id), directories.vm(id)).channel();
    return vmm.vsockPort().isPresent()
        ? new GuestChannel.Vsock(socket, vmm.vsockPort().getAsInt())
        : new GuestChannel.Serial(socket);
  }

  static GuestLimits limits(RunningVmm vmm) {
    return vmm.accelerator().equals(Accelerator.TCG.toString())
        ? GuestLimits.emulated()
        : GuestLimits.standard();
  }

  private static BangerException ended(RunningVmm vmm, StartPlan plan, BangerException why)
      throws BangerException, InterruptedException {
    String how = vmm.awaitExit(Duration.ZERO).map(Object::toString).orElse("ended");
    return new BangerException(
        ErrorCode.GUEST_FAILED,
        plan.vm().name() + " did not boot: " + how + console(vmm),
        "`banger vm logs " + plan.vm().name() + "` shows the whole console while the VM exists",
        why);
  }

  /** How a VMM that has ended did so, and what was on its console; empty while it runs. */
  static Optional<String> lastWords(RunningVmm vmm) throws InterruptedException {
    return vmm.awaitExit(LAST_WORDS).map(exit -> exit + console(vmm));
  }

  private static Supplier<BangerException> silence(RunningVmm vmm, StartPlan plan, Duration limit) {
    return () ->
        new BangerException(
            ErrorCode.TIMEOUT,
            plan.vm().name() + " did not answer within " + limit.toSeconds() + " s" + console(vmm),
            "try again; a kernel that hangs shows nothing or its last lines here");
  }

  private static String console(RunningVmm vmm) {
    List<String> lines = vmm.consoleTail(CONSOLE_LINES);
    return lines.isEmpty()
        ? "; its console is empty"
        : "; the last lines of its console:\n  " + String.join("\n  ", lines);
  }

  private Optional<ExecOrder> configure(Answering up, StartPlan plan, Duration limit)
      throws BangerException, InterruptedException {
    try {
      GuestConfiguration wanted = plan.configuration(clock.instant());
      if (plan.program().isEmpty()) {
        tell(plan, up.guest().configure(wanted, limit));
        return Optional.empty();
      }
      Guest.Configured both = up.guest().configure(wanted, plan.program().get(), limit);
      tell(plan, both.ready());
      return Optional.of(both.order());
    } catch (BangerException e) {
      if (up.vmm().awaitExit(LAST_WORDS).isPresent()) {
        throw ended(up.vmm(), plan, e);
      }
      throw new BangerException(
          ErrorCode.GUEST_FAILED,
          "cannot configure " + plan.vm().name() + ": " + e.getMessage() + console(up.vmm()),
          e.hint(),
          e);
    }
  }

  private static void tell(StartPlan plan, Ready ready) {
    for (String warning : ready.warnings()) {
      LOG.warn("vm={} guest: {}", plan.vm().name(), warning);
    }
    LOG.info(
        "vm={} ready mode={} {}",
        plan.vm().name(),
        ready.initMode(),
        ready.timings().stream()
            .map(t -> t.name() + "=" + t.sinceBoot().toMillis() + "ms")
            .collect(Collectors.joining(" ")));
  }
}
