package dev.banger.vm;

import dev.banger.capability.Capabilities;
import dev.banger.capability.StartPlan;
import dev.banger.guest.Guest;
import dev.banger.guest.PowerAction;
import dev.banger.image.Image;
import dev.banger.image.Images;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.kernel.Kernel;
import dev.banger.image.kernel.Kernels;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.model.VmId;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.VmmExit;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Start, stop and end of single VMs. Each method that changes one asks for proof of its lock. */
final class Lifecycle {
  private static final Logger LOG = LoggerFactory.getLogger(Lifecycle.class);
  private static final Duration GUEST_LIMIT = Duration.ofSeconds(2);

  /** What is being done to a VM right now. */
  enum Activity {
    STARTING,
    STOPPING,
    DELETING
  }

  private final VmTable table;
  private final Images images;
  private final Kernels kernels;
  private final Capabilities capabilities;
  private final Boot boot;
  private final VmParts.Accelerators accelerators;
  private final Directories directories;
  private final Optional<Duration> bootLimit;
  private final Clock clock;
  private final KeyedLocks<VmId> locks;
  private final Consumer<VmRow> restart;
  private final Map<VmId, LiveVm> live = new ConcurrentHashMap<>();
  private final Map<VmId, Activity> activities = new ConcurrentHashMap<>();

  /**
   * @param restart begins to start a VM whose guest rebooted: its VMM ended with it; called under
   *     no lock
   */
  Lifecycle(VmParts parts, KeyedLocks<VmId> locks, Consumer<VmRow> restart) {
    this.restart = restart;
    this.table = parts.table();
    this.images = parts.images();
    this.kernels = parts.kernels();
    this.capabilities = parts.capabilities();
    this.boot = new Boot(parts);
    this.accelerators = parts.accelerators();
    this.directories = parts.directories();
    this.bootLimit = parts.bootLimit();
    this.clock = parts.clock();
    this.locks = locks;
  }

  @Nullable LiveVm live(VmId id) {
    return live.get(id);
  }

  @Nullable Activity activity(VmId id) {
    return activities.get(id);
  }

  /** Runs the work with the activity shown to whoever looks. */
  void during(VmId id, Activity activity, Work work) throws BangerException, InterruptedException {
    Activity outer = activities.put(id, activity);
    try {
      work.run();
    } finally {
      if (outer == null) {
        activities.remove(id);
      } else {
        activities.put(id, outer);
      }
    }
  }

  /** Work under a VM's lock. */
  @FunctionalInterface
  interface Work {
    void run() throws BangerException, InterruptedException;
  }

  void start(VmRow row, Progress progress, Held held) throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    if (row.state() == VmRow.State.DELETING) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          row.name() + " is being deleted",
          "`banger vm delete --force " + row.name() + "` ends that");
    }
    LiveVm before = live.get(row.id());
    if (before != null && !before.vmm().alive()) {
      finish(row, before, VmRow.State.FAILED, "its end was not seen to", held);
    } else if (before != null) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          row.name() + " is running already",
          "`banger vm restart " + row.name() + "` starts it anew");
    }
    during(
        row.id(),
        Activity.STARTING,
        () -> {
          Accelerator accelerator = accelerators.choose();
          BootLimits limits = BootLimits.of(accelerator, bootLimit);
          try {
            Boot.Booted booted = boot.run(plan(row), accelerator, limits, progress);
            run(row, booted);
          } catch (BangerException e) {
            table.setEnded(
                row.id(), VmRow.State.FAILED, clock.instant(), "did not start: " + e.getMessage());
            throw e;
          }
        });
  }

  private void run(VmRow row, Boot.Booted booted) throws BangerException, InterruptedException {
    LiveVm vm = new LiveVm(row.name(), booted.vmm(), boot.channel(row.id()));
    try {
      table.setStarted(row.id(), clock.instant());
    } catch (BangerException e) {
      booted.guest().close();
      Boot.end(booted.vmm());
      throw e;
    }
    vm.connected(booted.guest());
    watch(row, vm);
  }

  /** From here on its end is noticed, whoever caused it. */
  private void watch(VmRow row, LiveVm vm) {
    live.put(row.id(), vm);
    vm.vmm().onExit(exit -> ended(row, vm, exit));
  }

  private void ended(VmRow row, LiveVm vm, VmmExit exit) {
    boolean rebooted = false;
    try (Held held = locks.acquire(row.id())) {
      if (live.get(row.id()) == vm) {
        LOG.info("vm={} ended: {}", row.name(), exit);
        boolean asked = vm.isStopping();
        boolean failed =
            switch (exit.reason()) {
              case GUEST_POWERED_OFF, GUEST_REBOOTED, QUIT -> false;
              case GUEST_PANICKED, KILLED, CRASHED, HOST_RESTARTED -> !asked;
            };
        VmRow.State state = failed ? VmRow.State.FAILED : VmRow.State.STOPPED;
        finish(row, vm, state, asked ? "" : exit.toString(), held);
        rebooted = !asked && exit.reason() == VmmExit.Reason.GUEST_REBOOTED;
      }
    } catch (BangerException e) {
      LOG.error("vm=" + row.name() + " ended, but could not be tidied up", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (rebooted && !row.oneShot()) {
      restart.accept(row);
    }
  }

  /** Its VMM has ended: everything it had on the host goes. */
  private void finish(VmRow row, LiveVm vm, VmRow.State state, String why, Held held)
      throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    live.remove(row.id(), vm);
    vm.close();
    try {
      vm.vmm().cleanUp();
      capabilities.cleanup(plan(row));
    } finally {
      table.setEnded(row.id(), state, clock.instant(), why);
    }
  }

  /** Asks the guest, then kills; nothing to do for one that does not run. */
  void stop(VmRow row, Duration grace, Held held) throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    LiveVm vm = live.get(row.id());
    if (vm == null) {
      return;
    }
    during(
        row.id(),
        Activity.STOPPING,
        () -> {
          vm.stopping();
          if (!grace.isZero()) {
            askToEnd(row, vm, grace);
          }
          if (vm.vmm().awaitExit(grace).isEmpty()) {
            vm.vmm().kill();
          }
          finish(row, vm, VmRow.State.STOPPED, "", held);
        });
  }

  private static void askToEnd(VmRow row, LiveVm vm, Duration grace) throws InterruptedException {
    try {
      Guest guest = vm.guest(GUEST_LIMIT);
      guest.power(PowerAction.END, grace);
    } catch (BangerException e) {
      LOG.info("vm={} cannot be asked to end: {}", row.name(), e.getMessage());
    }
  }

  /** A VMM that a daemon before this one started: taken over when it runs, else tidied up after. */
  void adopt(VmRow row, Optional<RunningVmm> found, Held held)
      throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    if (found.isPresent() && found.get().alive() && row.state() == VmRow.State.RUNNING) {
      LiveVm vm = new LiveVm(row.name(), found.get(), boot.channel(row.id()));
      vm.connectInBackground();
      watch(row, vm);
      LOG.info("vm={} runs on, pid={}", row.name(), found.get().identity().pid());
      return;
    }
    String reason = "";
    if (found.isPresent()) {
      reason = found.get().awaitExit(Duration.ZERO).map(VmmExit::toString).orElse("");
      Boot.end(found.get());
    }
    if (row.state() == VmRow.State.RUNNING) {
      table.setEnded(
          row.id(),
          VmRow.State.FAILED,
          clock.instant(),
          reason.isEmpty() ? "ended while no daemon ran" : reason);
    }
  }

  StartPlan plan(VmRow row) throws BangerException {
    Image image = images.byId(row.source().imageId());
    Kernel kernel = kernels.byId(row.source().kernel());
    return new StartPlan(
        new StartPlan.Vm(
            row.id(),
            row.name(),
            directories.vm(row.id()),
            image,
            kernel,
            row.shape().cpus(),
            row.shape().memory(),
            row.shape().disk(),
            row.initMode(),
            row.env(),
            row.oneShot() ? DiskTemplate.Life.ONE_RUN : DiskTemplate.Life.KEPT,
            row.uid()));
  }
}
