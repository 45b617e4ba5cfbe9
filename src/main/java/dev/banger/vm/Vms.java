package dev.banger.vm;

import dev.banger.guest.Guest;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.ops.Operations;
import dev.banger.proc.ProcessIdentity;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * The door: every VM, by its life. Long work is begun as an operation; the rest answers when done.
 */
public final class Vms {
  private static final Duration GUEST_LIMIT = Duration.ofSeconds(10);

  /** Refused, it is tried again; others must not wait for it. */
  private static final Duration POLICY_WAIT = Duration.ofSeconds(30);

  /** The kinds of operation that this room begins; their subject is the VM's name. */
  public static final String CREATE = "vm.create";

  public static final String START = "vm.start";
  public static final String RESTART = "vm.restart";

  /** An operation has begun, for this VM. */
  public record Begun(String operation, VmId id, String name) {}

  private final VmTable table;
  private final Operations operations;
  private final KeyedLocks<VmId> locks;
  private final Events events;
  private final Transitions transitions;
  private final Lifecycle lifecycle;
  private final Creation creation;
  private final Lookup lookup;
  private final Supervisor supervisor;
  private final Observer observer;
  private final Recovery recovery;
  private final Admission admission;
  private final Settings settings;
  private final Retirement retirement;
  private final Promotion promotion;
  private final Publishing publishing;

  private Vms(VmParts parts, String bootId) throws BangerException {
    this.table = parts.table();
    this.operations = parts.operations();
    this.locks = new KeyedLocks<>(LockRank.VM);
    this.events = new Events(parts.events(), bootId);
    this.transitions = new Transitions(table, events, parts.clock());
    Plans plans = new Plans(parts);
    Remains remains = new Remains(parts, plans, transitions);
    remains.addTo(parts.journal());
    this.lifecycle = new Lifecycle(parts, plans, remains, locks, transitions, bootId);
    this.creation = new Creation(parts, lifecycle, remains, transitions, locks);
    this.supervisor =
        new Supervisor(
            lifecycle::live,
            lifecycle.outcomes(),
            transitions,
            new PolicyActions(this, lifecycle),
            vm -> new Health(vm, transitions, parts.hangLimit()),
            parts.clock(),
            System::nanoTime);
    this.admission = new Admission(parts.room(), parts.admission(), lifecycle::memory);
    this.settings =
        new Settings(
            transitions,
            parts.directories(),
            parts.disks(),
            parts.clock(),
            parts.journal(),
            locks,
            parts.networks());
    this.observer = new Observer(this, lifecycle, parts);
    this.publishing = new Publishing(this, parts, lifecycle, transitions, locks);
    this.retirement = new Retirement(table, transitions, publishing, this::deleteIfThere);
    this.recovery =
        new Recovery(
            parts,
            lifecycle,
            remains,
            locks,
            transitions,
            retirement.unclaimed(),
            this::superviseAll);
    this.lookup =
        new Lookup(
            table,
            lifecycle,
            transitions,
            observer,
            recovery,
            parts.publications(),
            parts.networks(),
            retirement::hides);
    this.promotion = new Promotion(parts, plans, lookup, lifecycle, transitions, admission, locks);
  }

  private void superviseAll() throws BangerException {
    for (VmRow row : table.all()) {
      transitions.startsWithDaemon(row);
    }
    supervisor.begin(table.all());
  }

  /** Makes images and work seeds of stopped VMs. */
  public Promotion promotion() {
    return promotion;
  }

  /** Publishes ports of VMs. */
  public Publishing publishing() {
    return publishing;
  }

  /** Looks at VMs and changes nothing. */
  public Observer observer() {
    return observer;
  }

  /**
   * Opens the room. VMs that a daemon before this one left are taken over meanwhile: whoever asks
   * for one waits until that is done.
   */
  public static Vms open(VmParts parts) throws BangerException, InterruptedException {
    Vms vms = new Vms(parts, ProcessIdentity.currentBootId());
    vms.recovery.begin();
    return vms;
  }

  /** What happens to VMs. */
  public Events events() {
    return events;
  }

  /**
   * Begins to make a VM, and to start it when asked; its name is taken at once. Refused when there
   * is no room to start it, unless it may wait so long for room.
   */
  public Begun create(VmSpec spec, boolean start, Optional<Duration> wait, Optional<String> key)
      throws BangerException, InterruptedException {
    Optional<Begun> known = known(key);
    if (known.isPresent()) {
      return known.get();
    }
    spec.check();
    String what = "create " + spec.name().map(VmName::value).orElse("a VM");
    Need need = new Need(spec.cpus(), spec.memory());
    if (start) {
      admission.check(Admission.NOBODY, what, need, wait);
    } else {
      admission.refuseHopeless(what, need);
    }
    Creation.Reserved reserved = creation.reserve(spec);
    VmRow row = reserved.row();
    try {
      String operation =
          operations.begin(
              CREATE,
              row.name().value(),
              key,
              progress -> {
                make(reserved, start, wait, progress);
                return row.id().value();
              });
      return begunOr(operation, reserved, key);
    } catch (BangerException | RuntimeException e) {
      creation.abandon(reserved);
      throw e;
    }
  }

  private void make(
      Creation.Reserved reserved, boolean start, Optional<Duration> wait, Progress progress)
      throws BangerException, InterruptedException {
    boolean entered = false;
    VmId id = reserved.row().id();
    try (Admission.Reservation _ = start ? enter(CREATE, id, wait, progress) : null;
        Held held = locks.acquire(id)) {
      entered = true;
      creation.make(reserved, start, progress, held);
    } finally {
      if (!entered) {
        creation.abandon(reserved);
      }
    }
  }

  /** Room for a start; it may change what it needs while it waits. */
  private Admission.Reservation enter(
      String kind, VmId id, Optional<Duration> wait, Progress progress)
      throws BangerException, InterruptedException {
    String what = kind.replace("vm.", "") + " " + lookup.current(id).name();
    return wait.isPresent()
        ? admission.await(id, what, () -> Need.of(lookup.current(id).shape()), wait.get(), progress)
        : admission.admit(id, what, Need.of(lookup.current(id).shape()));
  }

  /** Somebody else began with the same key at the same moment: theirs counts. */
  private Begun begunOr(String operation, Creation.Reserved reserved, Optional<String> key)
      throws BangerException {
    VmRow row = reserved.row();
    if (!operations.status(operation).subject().equals(row.name().value())) {
      creation.abandon(reserved);
      return known(key).orElseThrow();
    }
    return new Begun(operation, row.id(), row.name().value());
  }

  private Optional<Begun> known(Optional<String> key) throws BangerException {
    Optional<String> operation = key.isPresent() ? operations.byKey(key.get()) : Optional.empty();
    if (operation.isEmpty()) {
      return Optional.empty();
    }
    String name = operations.status(operation.get()).subject();
    VmRow row =
        table
            .byName(name)
            .orElseThrow(() ->
                new BangerException(
                    ErrorCode.NOT_FOUND,
                    "the VM " + name + " that this key stands for is gone",
                    "use another idempotency key"));
    return Optional.of(new Begun(operation.get(), row.id(), name));
  }

  /** Refused when there is no room for it, unless it may wait so long for room. */
  public Begun start(String vm, boolean waitSystem, Optional<Duration> wait)
      throws BangerException {
    VmRow row = find(vm);
    Work work =
        (progress, held) ->
            lifecycle.start(lookup.current(row.id()), Lifecycle.Cause.USER, progress, held);
    return begin(START, row, work, waitSystem, wait);
  }

  /** Stops, with the usual grace, then starts. */
  public Begun restart(String vm, Duration grace, boolean waitSystem, Optional<Duration> wait)
      throws BangerException {
    VmRow row = find(vm);
    Work work =
        (progress, held) -> {
          lifecycle.stop(lookup.current(row.id()), grace, "restart", held);
          lifecycle.start(lookup.current(row.id()), Lifecycle.Cause.USER, progress, held);
        };
    return begin(RESTART, row, work, waitSystem, wait);
  }

  /** Changes it whole or not at all; says of each field what became of it. */
  public List<ChangedField> set(String vm, VmChange change)
      throws BangerException, InterruptedException {
    VmRow row = find(vm);
    try (Held held = locks.acquire(row.id())) {
      return settings.change(lookup.current(row.id()), change, lifecycle.live(row.id()), held);
    }
  }

  /** Starts a VM whose restart is due; returns when it has started, or has not. */
  void restartByPolicy(VmId id) throws BangerException, InterruptedException {
    Optional<VmRow> due = table.byId(id).filter(row -> row.restarts().due().isPresent());
    if (due.isEmpty()) {
      return;
    }
    Work work =
        (progress, held) -> {
          VmRow row = lookup.current(id);
          if (row.restarts().due().isPresent() && lifecycle.live(id) == null) {
            lifecycle.start(row, Lifecycle.Cause.POLICY, progress, held);
          }
        };
    var _ =
        operations.awaitEnd(
            begin(START, due.get(), work, false, Optional.of(POLICY_WAIT)).operation());
  }

  /** What an operation does under the VM's lock. */
  @FunctionalInterface
  private interface Work {
    void run(Progress progress, Held held) throws BangerException, InterruptedException;
  }

  private Begun begin(
      String kind, VmRow row, Work work, boolean waitSystem, Optional<Duration> wait)
      throws BangerException {
    String what = kind.replace("vm.", "") + " " + row.name();
    admission.check(row.id(), what, Need.of(row.shape()), wait);
    String operation =
        operations.begin(
            kind,
            row.name().value(),
            Optional.empty(),
            progress -> {
              OrderedLock lock = locks.of(row.id());
              String name = row.name().value();
              try (Admission.Reservation room = enter(kind, row.id(), wait, progress);
                  Held held = Turn.await(lock, operations, kind, name, progress)) {
                room.require(what, Need.of(lookup.current(row.id()).shape()));
                work.run(progress, held);
              }
              if (waitSystem) {
                progress.stage("system");
                SystemState.await(guest(row));
              }
              return row.id().value();
            });
    return new Begun(operation, row.id(), row.name().value());
  }

  /**
   * Asks the guest to end and kills it after the grace. Force does not ask, and cancels what holds
   * the VM.
   */
  public VmView stop(String vm, Duration grace, boolean force)
      throws BangerException, InterruptedException {
    return stop(find(vm), grace, force, "");
  }

  /** Nothing but the VM's own policy wants it. */
  void stopByPolicy(VmId id, Duration grace, String why)
      throws BangerException, InterruptedException {
    Optional<VmRow> row = table.byId(id);
    if (row.isPresent() && lifecycle.live(id) != null) {
      transitions.note(
          id, row.get().name(), new Transitions.Note("policy", why, "policy=idle-stop"));
      VmView _ = stop(row.get(), grace, false, why);
    }
  }

  private VmView stop(VmRow row, Duration grace, boolean force, String why)
      throws BangerException, InterruptedException {
    if (force) {
      breakOff(row);
    }
    try (Held held = locks.acquire(row.id())) {
      Optional<VmRow> now = table.byId(row.id());
      if (now.isEmpty() && force) {
        return lookup.gone(row); // its creation was cancelled: there is nothing left to stop
      }
      lifecycle.stop(lookup.current(row.id()), force ? Duration.ZERO : grace, why, held);
    }
    return lookup.view(lookup.current(row.id()));
  }

  /** Ends the VMM at once, whatever is being done to the VM. */
  public VmView kill(String vm) throws BangerException, InterruptedException {
    VmRow row = find(vm);
    if (lifecycle.live(row.id()) == null
        && !EnumSet.of(Phase.CREATING, Phase.STARTING, Phase.STOPPING, Phase.DELETING)
            .contains(transitions.phase(row))) {
      throw new BangerException(
          ErrorCode.WRONG_STATE, row.name() + " is not running", "there is nothing to kill");
    }
    return stop(row, Duration.ZERO, true, "");
  }

  /** Removes it with its disks. A running one only by force. */
  public void delete(String vm, boolean force) throws BangerException, InterruptedException {
    delete(find(vm), force, "");
  }

  /** Its lifetime is over. */
  void expire(VmId id, String why) throws BangerException, InterruptedException {
    Optional<VmRow> row = table.byId(id);
    if (row.isPresent()) {
      transitions.note(id, row.get().name(), new Transitions.Note("policy", why, "policy=ttl"));
      delete(row.get(), true, why);
    }
  }

  private void delete(VmRow row, boolean force, String why)
      throws BangerException, InterruptedException {
    if (force) {
      breakOff(row);
    }
    try (Held held = locks.acquire(row.id())) {
      Optional<VmRow> now = table.byId(row.id());
      if (now.isEmpty()) {
        return; // a cancelled create has removed it
      }
      if (lifecycle.live(row.id()) != null && !force) {
        throw new BangerException(
            ErrorCode.WRONG_STATE,
            row.name() + " is running",
            "stop it first, or delete it with --force");
      }
      transitions.deleting(now.get(), why);
      lifecycle.end(now.get(), held);
      creation.remove(now.get(), held);
    }
  }

  /** As {@link #delete} by force; nothing to do for a VM that is gone. */
  public void deleteIfThere(VmId id) throws BangerException, InterruptedException {
    Optional<VmRow> row = table.byId(id);
    if (row.isPresent()) {
      delete(row.get(), true, "");
    }
  }

  /** One-shot VMs go through it when their command has ended. */
  public Retirement retirement() {
    return retirement;
  }

  /** Waits for removals that have begun. VMs run on. */
  public void close(Duration limit) throws InterruptedException {
    recovery.close();
    long until = System.nanoTime() + limit.toNanos();
    supervisor.close();
    retirement.close(Duration.ofNanos(Math.max(1, until - System.nanoTime())));
  }

  /** What holds the VM is cancelled, and a VMM that is being asked to end is ended. */
  private void breakOff(VmRow row) throws BangerException, InterruptedException {
    operations.cancelAll(o ->
        (o.kind().startsWith("vm.") || Promotion.isKind(o.kind()))
            && o.subject().equals(row.name().value()));
    LiveVm running = lifecycle.live(row.id());
    if (running != null) {
      running.stopping();
      running.vmm().kill();
    }
  }

  /** Oldest first; takes no lock. */
  public List<VmView> list() throws BangerException {
    return lookup.all().stream().map(lookup::view).toList();
  }

  /** Whether there is no VM at all. */
  public boolean isEmpty() throws BangerException {
    return lookup.isEmpty();
  }

  public VmView show(String vm) throws BangerException {
    return lookup.view(find(vm));
  }

  /** By name, id, or the beginning of an id that is no other's. */
  public VmRow find(String vm) throws BangerException {
    return lookup.find(vm);
  }

  /** Whether {@link #guest} would return at once. */
  public boolean isAnswering(VmId id) {
    LiveVm running = lifecycle.live(id);
    return running != null && running.isConnected();
  }

  /** The connection to a running guest. */
  public Guest guest(String vm) throws BangerException, InterruptedException {
    return guest(find(vm));
  }

  /** As {@link #guest(String)}, of a VM that was found already. */
  public Guest guest(VmRow row) throws BangerException, InterruptedException {
    LiveVm running = lifecycle.live(row.id());
    if (running == null) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          row.name() + " is not running",
          "start it: banger vm start " + row.name());
    }
    return running.guest(GUEST_LIMIT);
  }

  /** Names of the VMs that use this image. */
  public List<String> usersOfImage(String imageId) throws BangerException {
    return lookup.users(row -> row.source().imageId().equals(imageId));
  }

  /** Names of the VMs that use this kernel. */
  public List<String> usersOfKernel(String release) throws BangerException {
    return lookup.users(row -> row.source().kernel().equals(release));
  }
}
