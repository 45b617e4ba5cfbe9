package dev.banger.vmm;

import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Undoer;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.ShimLauncher;
import dev.banger.proc.ShimRecords;
import dev.banger.proc.Signal;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * Takes back what drivers start under a shim, by what is found on the host alone: also after the
 * daemon that started it has died half-way.
 */
public final class VmmRemains {
  private static final Duration END_LIMIT = Duration.ofSeconds(10);

  private final PidWatcher watcher;

  public VmmRemains(PidWatcher watcher) {
    this.watcher = watcher;
  }

  /** A step of a driver, with all that {@link #files(Step)} needs. */
  public static Step step(StepKind kind, VmmFiles files) {
    return Step.of(kind, files.id().value(), files.runDirectory(), files.logDirectory());
  }

  public static VmmFiles files(Step step) {
    return new VmmFiles(new VmId(step.owner()), step.path(0), step.path(1));
  }

  /** For the processes and the run directory; what else a driver leaves it undoes itself. */
  public Map<StepKind, Undoer> undoers() {
    return Map.of(
        StepKind.VMM, step -> end(files(step)),
        StepKind.RUN_DIRECTORY, step -> files(step).remove());
  }

  /** Ends VMM and shim, if they run. Their records stay. */
  public void end(VmmFiles files) throws BangerException, InterruptedException {
    Optional<ShimRecords.Started> started = ShimRecords.started(files.runDirectory());
    if (started.isPresent()) {
      kill(files, started.get().program());
      awaitShim(files, started.get().shim());
    } else {
      // With its shim, which died before it wrote down whom it started, a VMM dies too.
      for (ProcessIdentity shim : ShimLauncher.shimsOf(files.runDirectory())) {
        kill(files, shim);
      }
    }
  }

  private void kill(VmmFiles files, ProcessIdentity process)
      throws BangerException, InterruptedException {
    PidWatcher.signal(process, Signal.KILL);
    if (!watcher.awaitEnd(process, END_LIMIT)) {
      throw new BangerException(
          ErrorCode.VMM_FAILED,
          "process " + process.pid() + " of the VM " + files.id() + " does not end when killed",
          "it hangs in the kernel, perhaps on a disk that does not answer: see `dmesg`");
    }
  }

  /** It writes down how the VMM ended, then ends. */
  private void awaitShim(VmmFiles files, ProcessIdentity shim)
      throws BangerException, InterruptedException {
    if (!watcher.awaitEnd(shim, END_LIMIT)) {
      kill(files, shim);
    }
  }
}
