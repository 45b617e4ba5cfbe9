package dev.banger.vmm.firecracker;

import dev.banger.config.VmmSettings;
import dev.banger.ffm.NodeCalls;
import dev.banger.ffm.SystemCallException;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.journal.Undoer;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.proc.Binaries;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.ShimLauncher;
import dev.banger.proc.ShimRecords;
import dev.banger.proc.Tool;
import dev.banger.vmm.Machine;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmRemains;
import dev.banger.vmm.VmmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Starts VMs under Firecracker: in the jailer's jail where they are confined. */
public final class FirecrackerVmm implements Vmm {
  public static final Tool FIRECRACKER = new Tool("firecracker", "");
  public static final Tool JAILER = new Tool("jailer", "");

  private static final System.Logger LOG = System.getLogger(FirecrackerVmm.class.getName());
  private static final Duration LAUNCH_LIMIT = Duration.ofSeconds(20);
  private static final Duration API_LIMIT = Duration.ofSeconds(20);

  private final Binaries binaries;
  private final PidWatcher watcher;
  private final FirecrackerSettings settings;
  private final ShimLauncher launcher;
  private final Installed installed;
  private final Jail jail;

  /**
   * @param watcher stays its owner's
   */
  public FirecrackerVmm(Binaries binaries, PidWatcher watcher, FirecrackerSettings settings) {
    this.binaries = binaries;
    this.watcher = watcher;
    this.settings = settings;
    this.launcher = new ShimLauncher(binaries);
    this.installed = new Installed(binaries);
    this.jail = new Jail(watcher);
  }

  @Override
  public String name() {
    return "firecracker";
  }

  /** Why no VM can be started with what is installed; empty: one can. */
  public Optional<BangerException> missing() throws InterruptedException {
    try {
      Installed.Program firecracker = installed.find(FIRECRACKER);
      if (settings.jailer() != VmmSettings.Jailer.NEVER) {
        installed.findJailer(firecracker);
      }
      return Optional.empty();
    } catch (BangerException e) {
      return Optional.of(e);
    }
  }

  @Override
  public List<BangerException> preflight(VmmSpec spec) {
    return new FirecrackerChecks(spec, binaries, settings).all(programs(spec)).problems();
  }

  /** What is to be started, or why it cannot be. */
  private FirecrackerChecks.Programs programs(VmmSpec spec) {
    try {
      return new FirecrackerChecks.Programs(find(spec), null);
    } catch (BangerException e) {
      return new FirecrackerChecks.Programs(null, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new FirecrackerChecks.Programs(
          null,
          new BangerException(
              ErrorCode.CANCELLED, "the look at Firecracker's release was cancelled", "", e));
    }
  }

  private FirecrackerChecks.Pair find(VmmSpec spec) throws BangerException, InterruptedException {
    Installed.Program firecracker = installed.find(FIRECRACKER);
    return new FirecrackerChecks.Pair(
        firecracker,
        jailed(spec) ? Optional.of(installed.findJailer(firecracker)) : Optional.empty());
  }

  private boolean jailed(VmmSpec spec) {
    return spec.confinement().isPresent() && settings.jailer() != VmmSettings.Jailer.NEVER;
  }

  @Override
  public RunningVmm start(VmmSpec spec, Steps steps) throws BangerException, InterruptedException {
    FirecrackerChecks.Programs programs = programs(spec);
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    new FirecrackerChecks(spec, binaries, settings).all(programs).require();
    FirecrackerChecks.Pair pair = programs.found();
    VmmFiles files = spec.files();
    files.refuseSecondStart();
    steps.take(VmmRemains.step(StepKind.RUN_DIRECTORY, files), () -> prepare(files));
    Surroundings surroundings = surround(spec, pair, steps);
    Machine machine = new Machine(spec.cpus(), MachineSetup.memorySize(spec), false);
    StartRecord record =
        new StartRecord(
            pair.firecracker().version(),
            machine,
            surroundings instanceof Surroundings.Jailed in ? in.jail().executable() : "");
    record.write(files);
    FirecrackerCommand command =
        new FirecrackerCommand(spec, pair.firecracker(), pair.jailer(), surroundings);
    ShimRecords.Started started =
        steps.make(
            VmmRemains.step(StepKind.VMM, files),
            () -> launcher.launch(command.build(), LAUNCH_LIMIT));
    FirecrackerProcess process =
        new FirecrackerProcess(
            files, lasting(started), watcher, this::removeOwn, Optional.of(record));
    process.begin();
    setUp(process, new MachineSetup(spec, pair.firecracker().version(), surroundings));
    return process;
  }

  /** A jailer becomes another program: what it runs now is no part of its identity. */
  private static ShimRecords.Started lasting(ShimRecords.Started started) {
    ProcessIdentity program = started.program();
    return new ShimRecords.Started(
        new ProcessIdentity(program.pid(), program.startTicks(), program.bootId(), ""),
        started.shim());
  }

  /** One that was refused what it needs ends; the steps take back the rest. */
  private static void setUp(FirecrackerProcess process, MachineSetup setup)
      throws BangerException, InterruptedException {
    boolean done = false;
    try {
      process.awaitApi(API_LIMIT);
      for (ApiRequest request : setup.requests()) {
        process.send(request);
      }
      done = true;
    } finally {
      if (!done) {
        end(process);
      }
    }
  }

  private static void end(FirecrackerProcess process) {
    try {
      process.quit();
    } catch (BangerException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot end a Firecracker that did not start", e);
    }
  }

  private void prepare(VmmFiles files) throws BangerException {
    files.prepare();
    removeLinks(files);
  }

  private Surroundings surround(VmmSpec spec, FirecrackerChecks.Pair pair, Steps steps)
      throws BangerException, InterruptedException {
    VmmFiles files = spec.files();
    if (pair.jailer().isPresent()) {
      JailFiles place = JailFiles.of(files, pair.firecracker().path());
      steps.take(
          VmmRemains.step(StepKind.VMM_JAIL, files),
          () -> jail.prepare(spec, place, spec.confinement().orElseThrow()));
      return new Surroundings.Jailed(place, JailFiles.names(spec));
    }
    try {
      NodeCalls.makePipe(FirecrackerFiles.metrics(files));
      NodeCalls.makePipe(FirecrackerFiles.log(files));
    } catch (SystemCallException e) {
      throw new BangerException(
          ErrorCode.NO_SPACE,
          "cannot make pipes in " + files.runDirectory(),
          "check its permissions and free space",
          e);
    }
    return new Surroundings.Bare(files);
  }

  private static void removeLinks(VmmFiles files) throws BangerException {
    List<Path> own =
        List.of(
            FirecrackerFiles.metrics(files),
            FirecrackerFiles.log(files),
            FirecrackerFiles.record(files));
    for (Path file : own) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        throw new BangerException(
            ErrorCode.PERMISSION, "cannot remove " + file, "check its directory's permissions", e);
      }
    }
  }

  /** The jail, and what lies in the run directory beside what every VMM has there. */
  private void removeOwn(VmmFiles files) throws BangerException, InterruptedException {
    jail.remove(files);
    removeLinks(files);
  }

  @Override
  public Map<StepKind, Undoer> undoers() {
    Map<StepKind, Undoer> all = new EnumMap<>(new VmmRemains(watcher).undoers());
    all.put(StepKind.VMM_JAIL, step -> jail.remove(VmmRemains.files(step)));
    all.put(
        StepKind.RUN_DIRECTORY,
        step -> {
          removeLinks(VmmRemains.files(step));
          VmmRemains.files(step).remove();
        });
    return all;
  }

  /** Whether the VM there was started by this driver. */
  public static boolean started(VmId id, Path runDirectory, Path logDirectory) {
    return Files.exists(FirecrackerFiles.record(new VmmFiles(id, runDirectory, logDirectory)));
  }

  @Override
  public Optional<RunningVmm> adopt(VmId id, Path runDirectory, Path logDirectory)
      throws BangerException {
    VmmFiles files = new VmmFiles(id, runDirectory, logDirectory);
    Optional<ShimRecords.Started> started = ShimRecords.started(runDirectory);
    if (started.isEmpty()) {
      removeAll(files);
      return Optional.empty();
    }
    FirecrackerProcess process =
        new FirecrackerProcess(
            files, started.get(), watcher, this::removeOwn, StartRecord.read(files));
    process.takeUp();
    return Optional.of(process);
  }

  private void removeAll(VmmFiles files) throws BangerException {
    try {
      removeOwn(files);
      files.remove();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BangerException(
          ErrorCode.CANCELLED, "the removal of " + files.runDirectory() + " was cancelled", "", e);
    }
  }

  /** It has nothing outside the VMs' directories but cgroups, which are their jails'. */
  @Override
  public void reclaim(Path runDirectories, Known known) {}
}
