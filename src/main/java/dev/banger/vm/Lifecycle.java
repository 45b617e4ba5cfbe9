package dev.banger.vm;

import dev.banger.capability.Capabilities;
import dev.banger.capability.StartPlan;
import dev.banger.guest.PowerAction;
import dev.banger.journal.Journal;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.model.VmId;
import dev.banger.store.VmRow;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.RunningVmm;
import dev.banger.vmm.VmmExit;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Start, stop and end of single VMs. Each method that changes one asks for proof of its lock. */
final class Lifecycle {
  private static final Logger LOG = LoggerFactory.getLogger(Lifecycle.class);
  private static final Duration SILENT_LIMIT = Duration.ofSeconds(1);
  private static final Duration RECORD_LIMIT = Duration.ofSeconds(1);
  private static final Duration GUEST_LIMIT = Duration.ofSeconds(10);

  /** What a guest needs after the grace, to write to its disks what it has in memory. */
  private static final Duration SYNC_LIMIT = Duration.ofSeconds(5);

  /** In which the shim of a VMM that has ended writes down how. */
  private static final Duration EXIT_LIMIT = Duration.ofSeconds(20);

  /** Who wants a start. */
  enum Cause {
    USER,
    POLICY
  }

  private final Journal journal;
  private final Remains remains;
  private final Plans plans;
  private final Capabilities capabilities;
  private final Boot boot;
  private final VmParts.Accelerators accelerators;
  private final Optional<Duration> bootLimit;
  private final Clock clock;
  private final KeyedLocks<VmId> locks;
  private final Transitions transitions;
  private final DiskWatch diskWatch;
  private final Outcomes outcomes = new Outcomes();
  private final String bootId;
  private final Map<VmId, LiveVm> live = new ConcurrentHashMap<>();

  /**
   * @param bootId of this host
   */
  Lifecycle(
      VmParts parts,
      Plans plans,
      Remains remains,
      KeyedLocks<VmId> locks,
      Transitions transitions,
      String bootId) {
    this.journal = parts.journal();
    this.remains = remains;
    this.plans = plans;
    this.capabilities = parts.capabilities();
    this.boot = new Boot(parts);
    this.accelerators = parts.accelerators();
    this.bootLimit = parts.bootLimit();
    this.clock = parts.clock();
    this.locks = locks;
    this.transitions = transitions;
    this.bootId = bootId;
    this.diskWatch = new DiskWatch(parts, transitions, locks);
  }

  @Nullable LiveVm live(VmId id) {
    return live.get(id);
  }

  /** All whose VMM runs. */
  Collection<LiveVm> live() {
    return live.values();
  }

  /** Memory of each VM that runs. */
  Map<VmId, ByteSize> memory() {
    Map<VmId, ByteSize> sizes = new HashMap<>();
    live.forEach(
        (id, vm) -> vm.vmm().machine().ifPresent(machine -> sizes.put(id, machine.memory())));
    return sizes;
  }

  /** What came out and is not written down yet. */
  Outcomes outcomes() {
    return outcomes;
  }

  /** Writes down how it came out, if that could not be done before. */
  void settle(VmId id) throws BangerException, InterruptedException {
    try (Held _ = locks.acquire(id)) {
      boolean _ = outcomes.settle(id);
    }
  }

  /** What cannot be written now is written later: the caller has something else to say. */
  private void settleOrLater(VmRow row, Outcomes.Outcome outcome) {
    try {
      outcomes.settle(row.id(), outcome);
    } catch (BangerException e) {
      LOG.warn("vm=" + row.name() + " is " + outcome.phase() + ", which is written later", e);
    }
  }

  void start(VmRow known, Cause cause, Progress progress, Held held)
      throws BangerException, InterruptedException {
    start(known, cause, Optional.empty(), progress, held);
  }

  void start(VmRow known, Cause cause, Optional<FirstProgram> program, Progress progress, Held held)
      throws BangerException, InterruptedException {
    held.requireFor(locks.of(known.id()));
    VmRow row = startable(known, held);
    transitions.starting(row, cause == Cause.POLICY ? "by its restart policy" : "");
    boolean settled = false;
    try {
      Accelerator accelerator = accelerators.choose();
      BootLimits limits = BootLimits.of(accelerator, bootLimit);
      StartPlan plan = plans.of(row);
      if (cause == Cause.POLICY) {
        plan.unattended();
      }
      if (program.isPresent()) {
        plan.program(program.get().of(plan.vm().image()));
      }
      Boot.Booted booted = boot.run(plan, accelerator, limits, progress);
      run(row, cause, booted, plan.vm());
      settled = true;
      if (program.isPresent()) {
        program.get().ordered(booted.program().orElseThrow());
      }
    } catch (BangerException e) {
      settled = true;
      VmRow.Restarts restarts =
          cause == Cause.POLICY
              ? RestartRules.after(row, RestartRules.Ending.FAILURE, Duration.ZERO, clock.instant())
              : VmRow.Restarts.NONE;
      String why = "did not start: " + e.getMessage();
      settleOrLater(row, end(row, VmRow.State.FAILED, clock.instant(), why, false, restarts));
      throw e;
    } finally {
      if (!settled) {
        String why = "its start was broken off";
        Phase before = Transitions.written(row).phase();
        settleOrLater(
            row, new Outcomes.Outcome(before, why, () -> transitions.notStarted(row, why)));
      }
    }
  }

  private Outcomes.Outcome end(
      VmRow row,
      VmRow.State how,
      Instant when,
      String why,
      boolean asked,
      VmRow.Restarts restarts) {
    return new Outcomes.Outcome(
        how == VmRow.State.FAILED ? Phase.FAILED : Phase.STOPPED,
        why,
        () -> transitions.ended(row, how, when, why, asked, restarts));
  }

  /** The row of one that is down, and whose last end is written down; others are refused. */
  private VmRow startable(VmRow row, Held held) throws BangerException, InterruptedException {
    if (row.state() == VmRow.State.DELETING) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          row.name() + " is being deleted",
          "`banger vm delete --force " + row.name() + "` ends that");
    }
    LiveVm before = live.get(row.id());
    if (before != null && before.vmm().alive()) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          row.name() + " is running already",
          "`banger vm restart " + row.name() + "` starts it anew");
    }
    boolean unseen = before != null; // its end comes to be seen just now
    if (before != null) {
      finish(row, before, before.vmm().awaitExit(RECORD_LIMIT).orElseGet(() -> unseen(row)), held);
    }
    return unseen || outcomes.settle(row.id()) ? transitions.row(row.id()).orElse(row) : row;
  }

  private void run(VmRow row, Cause cause, Boot.Booted booted, StartPlan.Vm planned)
      throws BangerException, InterruptedException {
    VmRow.Restarts restarts =
        cause == Cause.USER
            ? VmRow.Restarts.NONE
            : new VmRow.Restarts(
                row.restarts().count(),
                Optional.of(clock.instant()),
                row.restarts().pause(),
                Optional.empty());
    LiveVm vm = new LiveVm(row, booted.vmm(), boot.channel(row.id(), booted.vmm()));
    live.put(row.id(), vm);
    try {
      transitions.running(row, bootId, restarts);
    } catch (BangerException e) {
      live.remove(row.id(), vm);
      booted.guest().close();
      Boot.end(booted.vmm());
      throw e;
    }
    vm.connected(booted.guest());
    watch(vm);
    capabilities.running(planned, () -> vm.guest(GUEST_LIMIT));
  }

  /** From here on its end is noticed, whoever caused it. */
  private void watch(LiveVm vm) {
    vm.vmm().onExit(exit -> ended(vm, exit));
    diskWatch.begin(vm);
  }

  private void ended(LiveVm vm, VmmExit exit) {
    VmId id = vm.id();
    try (Held held = locks.acquire(id)) {
      Optional<VmRow> row = transitions.row(id);
      if (row.isPresent() && live.get(id) == vm) {
        finish(row.get(), vm, exit, held);
      }
    } catch (BangerException e) {
      LOG.error("vm=" + vm.name() + " ended, but could not be tidied up", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void finish(VmRow row, LiveVm vm, VmmExit exit, Held held)
      throws BangerException, InterruptedException {
    LOG.info("vm={} ended: {}", vm.name(), exit);
    if (vm.isStopping()) {
      finish(row, vm, "", true, RestartRules.Ending.BY_USER, held);
    } else {
      finish(row, vm, exit.toString(), false, RestartRules.Ending.of(exit.reason()), held);
    }
  }

  /** Its VMM has ended: everything it had on the host goes. */
  private void finish(
      VmRow row, LiveVm vm, String why, boolean asked, RestartRules.Ending ending, Held held)
      throws BangerException, InterruptedException {
    RunEnd end = new RunEnd(ending, clock.instant(), vm.ran(), asked, why);
    try {
      discard(row, vm, held, end.words());
    } finally {
      outcomes.settle(row.id(), end.outcome(row, transitions));
    }
  }

  private void discard(VmRow row, LiveVm vm, Held held, List<String> end)
      throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    live.remove(row.id(), vm);
    vm.close();
    tearDown(row.id(), end);
  }

  /**
   * A run is over: from here on it is finished, by a later daemon if need be. What the journal
   * cannot take, as on a full disk, is done all the same: it makes room.
   *
   * @param end {@link RunEnd#words}; none when a removal follows
   */
  private void tearDown(VmId id, List<String> end) throws BangerException, InterruptedException {
    try (Steps steps = journal.steps(id.value())) {
      steps.take(new Step(StepKind.TEARDOWN, id.value(), end), () -> remains.endRun(id));
      steps.keep();
    } catch (BangerException e) {
      LOG.warn("vm=" + id + " is torn down once more, without the journal", e);
      remains.endRun(id);
    }
  }

  /** Kills what runs, for a VM that is being deleted. */
  void end(VmRow row, Held held) throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    outcomes.forget(row.id());
    LiveVm vm = live.get(row.id());
    if (vm != null) {
      vm.stopping();
      vm.vmm().kill();
      discard(row, vm, held, List.of());
    }
  }

  /**
   * Asks the guest, then kills; one that does not run is not started by its policy any more.
   *
   * @param why for people; empty: a user wants it
   */
  void stop(VmRow row, Duration grace, String why, Held held)
      throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    LiveVm vm = live.get(row.id());
    if (vm == null) {
      stayDown(row);
      return;
    }
    boolean silent = transitions.phase(row) == Phase.UNRESPONSIVE;
    transitions.stopping(row, why);
    boolean ended = false;
    try {
      vm.stopping();
      if (!grace.isZero()) {
        askToEnd(row, vm, grace, silent);
      }
      vm.vmm().kill(); // nothing to do for one that has ended
      ended = true;
    } finally {
      if (!ended) {
        vm.notStopping();
        String broken = "its stop was broken off";
        settleOrLater(
            row,
            new Outcomes.Outcome(Phase.RUNNING, broken, () -> transitions.notStopped(row, broken)));
      }
    }
    finish(row, vm, why, true, RestartRules.Ending.BY_USER, held);
  }

  private void stayDown(VmRow row) throws BangerException {
    if (row.restarts().due().isPresent()) {
      var _ =
          transitions.change(
              row,
              r -> r.withRestarts(VmRow.Restarts.NONE).withLife(r.life().stayingDown()),
              new Transitions.Note("restart-cancelled", "it was stopped", ""));
    }
  }

  /** A guest that cannot be asked has no grace: it would not use it. */
  private static void askToEnd(VmRow row, LiveVm vm, Duration grace, boolean silent)
      throws InterruptedException {
    long until = System.nanoTime() + grace.plus(SYNC_LIMIT).toNanos();
    Duration limit = silent && grace.compareTo(SILENT_LIMIT) > 0 ? SILENT_LIMIT : grace;
    try {
      vm.wake();
      vm.guest(limit).power(PowerAction.END, grace, limit);
      var _ = vm.vmm().awaitExit(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
    } catch (BangerException e) {
      LOG.info("vm={} cannot be asked to end: {}", row.name(), e.getMessage());
    }
  }

  /** A VMM that a daemon before this one started: taken over when it runs, else tidied up after. */
  void adopt(VmRow row, Optional<RunningVmm> found, Held held)
      throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    if (found.isPresent() && found.get().alive() && row.state() == VmRow.State.RUNNING) {
      LiveVm vm = new LiveVm(row, found.get(), boot.channel(row.id(), found.get()));
      live.put(row.id(), vm);
      vm.connectInBackground();
      watch(vm);
      tellRunning(row, vm);
      LOG.info("vm={} runs on, pid={}", row.name(), found.get().identity().pid());
      return;
    }
    Optional<VmmExit> exit = Optional.empty();
    if (found.isPresent() && !found.get().alive()) { // its shim may not have written it down yet
      exit = found.get().awaitExit(EXIT_LIMIT);
    }
    if (row.state() == VmRow.State.RUNNING) {
      RunEnd end = foundDead(row, exit.orElseGet(() -> unseen(row)));
      tearDown(row.id(), end.words());
      outcomes.settle(row.id(), end.outcome(row, transitions));
    } else if (found.isPresent()) {
      tearDown(row.id(), List.of());
    }
  }

  private void tellRunning(VmRow row, LiveVm vm) throws InterruptedException {
    try {
      capabilities.running(plans.of(row).vm(), () -> vm.guest(GUEST_LIMIT));
    } catch (BangerException e) {
      LOG.warn("vm=" + row.name() + " runs on, but its record cannot be understood", e);
    }
  }

  private VmmExit unseen(VmRow row) {
    boolean sameBoot = row.life().bootId().isEmpty() || row.life().bootId().equals(bootId);
    return sameBoot
        ? new VmmExit(
            VmmExit.Reason.CRASHED, "while no daemon ran; it left no record", clock.instant())
        : new VmmExit(VmmExit.Reason.HOST_RESTARTED, "", clock.instant());
  }

  private static RunEnd foundDead(VmRow row, VmmExit exit) {
    Duration ran =
        row.life()
            .started()
            .map(begun -> Duration.between(begun, exit.time()))
            .orElse(RestartRules.GOOD_RUN);
    RestartRules.Ending ending = RestartRules.Ending.of(exit.reason());
    return new RunEnd(ending, exit.time(), ran, false, exit.toString());
  }
}
