package dev.banger.vm;

import dev.banger.guest.Guest;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.lock.LockRank;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.model.VmId;
import dev.banger.ops.Operations;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door: every VM, by its life. Long work is begun as an operation; the rest answers when done.
 */
public final class Vms {
  private static final Logger LOG = LoggerFactory.getLogger(Vms.class);
  private static final Duration CLIENT_LIMIT = Duration.ofSeconds(30);
  private static final Duration GUEST_LIMIT = Duration.ofSeconds(10);

  /** The kinds of operation that this room begins; their subject is the VM's name. */
  public static final String CREATE = "vm.create";

  public static final String START = "vm.start";
  public static final String RESTART = "vm.restart";

  /** An operation has begun, for this VM. */
  public record Begun(String operation, VmId id, String name) {}

  private final VmTable table;
  private final Operations operations;
  private final KeyedLocks<VmId> locks;
  private final Lifecycle lifecycle;
  private final Creation creation;
  private final Observer observer;
  private final Set<VmId> retired = ConcurrentHashMap.newKeySet();
  private final Set<Thread> removals = ConcurrentHashMap.newKeySet();
  private final Unclaimed unclaimed = new Unclaimed(CLIENT_LIMIT, this::retire);

  private Vms(VmParts parts, KeyedLocks<VmId> locks, Lifecycle lifecycle, Creation creation) {
    this.table = parts.table();
    this.operations = parts.operations();
    this.locks = locks;
    this.lifecycle = lifecycle;
    this.creation = creation;
    this.observer = new Observer(this, lifecycle, parts.directories(), parts.clock());
  }

  /** Looks at VMs and changes nothing. */
  public Observer observer() {
    return observer;
  }

  /**
   * Opens the room: when it returns, every VM that a daemon before this one left is accounted for.
   */
  public static Vms open(VmParts parts) throws BangerException, InterruptedException {
    KeyedLocks<VmId> locks = new KeyedLocks<>(LockRank.VM);
    AtomicReference<@Nullable Vms> opened = new AtomicReference<>();
    Lifecycle lifecycle = new Lifecycle(parts, locks, row -> restart(opened.get(), row));
    Creation creation = new Creation(parts, lifecycle, locks);
    Vms vms = new Vms(parts, locks, lifecycle, creation);
    opened.set(vms);
    new Recovery(parts, lifecycle, creation, locks, vms.unclaimed).run();
    return vms;
  }

  /** A guest that rebooted comes up again, as a machine does. */
  private static void restart(@Nullable Vms vms, VmRow row) {
    try {
      if (vms != null) {
        vms.start(row.id().value(), false);
      }
    } catch (BangerException e) {
      LOG.warn("vm={} rebooted, but cannot be started again", row.name(), e);
    }
  }

  /** Begins to make a VM, and to start it when asked; its name is taken at once. */
  public Begun create(VmSpec spec, boolean start, Optional<String> key)
      throws BangerException, InterruptedException {
    Optional<Begun> known = known(key);
    if (known.isPresent()) {
      return known.get();
    }
    VmRow row = creation.reserve(spec);
    try {
      String operation =
          operations.begin(
              CREATE,
              row.name().value(),
              key,
              progress -> {
                make(row, start, progress);
                return row.id().value();
              });
      return begunOr(operation, row, key);
    } catch (BangerException | RuntimeException e) {
      table.delete(row.id());
      throw e;
    }
  }

  private void make(VmRow row, boolean start, Progress progress)
      throws BangerException, InterruptedException {
    boolean entered = false;
    try (Held held = locks.acquire(row.id())) {
      entered = true;
      creation.make(row, start, progress, held);
    } finally {
      if (!entered) {
        table.delete(row.id());
      }
    }
  }

  /** Somebody else began with the same key at the same moment: theirs counts. */
  private Begun begunOr(String operation, VmRow row, Optional<String> key) throws BangerException {
    if (!operations.status(operation).subject().equals(row.name().value())) {
      table.delete(row.id());
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

  public Begun start(String vm, boolean waitSystem) throws BangerException {
    VmRow row = find(vm);
    return begin(START, row, held -> {}, waitSystem);
  }

  /** Stops, with the usual grace, then starts. */
  public Begun restart(String vm, Duration grace, boolean waitSystem) throws BangerException {
    VmRow row = find(vm);
    return begin(RESTART, row, held -> lifecycle.stop(current(row.id()), grace, held), waitSystem);
  }

  @FunctionalInterface
  private interface Before {
    void run(Held held) throws BangerException, InterruptedException;
  }

  private Begun begin(String kind, VmRow row, Before before, boolean waitSystem)
      throws BangerException {
    String operation =
        operations.begin(
            kind,
            row.name().value(),
            Optional.empty(),
            progress -> {
              try (Held held = locks.acquire(row.id())) {
                before.run(held);
                lifecycle.start(current(row.id()), progress, held);
              }
              if (waitSystem) {
                progress.stage("system");
                SystemState.await(guest(row.id().value()));
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
    VmRow row = find(vm);
    if (force) {
      breakOff(row);
    }
    try (Held held = locks.acquire(row.id())) {
      Optional<VmRow> now = table.byId(row.id());
      if (now.isEmpty() && force) {
        return view(row); // its creation was cancelled: there is nothing left to stop
      }
      lifecycle.stop(current(row.id()), force ? Duration.ZERO : grace, held);
    }
    return show(row.id().value());
  }

  /** Ends the VMM at once, whatever is being done to the VM. */
  public VmView kill(String vm) throws BangerException, InterruptedException {
    VmRow row = find(vm);
    LiveVm running = lifecycle.live(row.id());
    if (running == null
        && lifecycle.activity(row.id()) == null
        && row.state() != VmRow.State.CREATING) {
      throw new BangerException(
          ErrorCode.WRONG_STATE, row.name() + " is not running", "there is nothing to kill");
    }
    return stop(vm, Duration.ZERO, true);
  }

  /** Removes it with its disks. A running one only by force. */
  public void delete(String vm, boolean force) throws BangerException, InterruptedException {
    delete(find(vm), force);
  }

  private void delete(VmRow row, boolean force) throws BangerException, InterruptedException {
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
      lifecycle.during(
          row.id(),
          Lifecycle.Activity.DELETING,
          () -> {
            lifecycle.stop(now.get(), Duration.ZERO, held);
            creation.remove(now.get(), held);
          });
    }
  }

  /** As {@link #delete} by force; nothing to do for a VM that is gone. */
  public void deleteIfThere(VmId id) throws BangerException, InterruptedException {
    Optional<VmRow> row = table.byId(id);
    if (row.isPresent()) {
      delete(row.get(), true);
    }
  }

  /**
   * A one-shot VM whose command has ended: from now on nobody sees it, and it is removed in the
   * background. What a daemon that dies meanwhile leaves of it, the next one removes.
   */
  public void retire(VmId id) {
    if (retired.add(id)) {
      freeName(id);
      Thread removal = Thread.ofVirtual().name("retire-" + id).unstarted(() -> remove(id));
      removals.add(removal);
      removal.start();
    }
  }

  /**
   * The client of a one-shot VM that a daemon before this one left has come: whoever claims it
   * retires it. Nothing for any other VM.
   */
  public void claim(VmId id) {
    unclaimed.claim(id);
  }

  /** A claim came to nothing: another client may come, for a while. */
  public void disclaim(VmRow row) {
    if (row.oneShot()) {
      unclaimed.expect(row.id());
    }
  }

  private void freeName(VmId id) {
    try {
      table.rename(id, Recovery.retiredName(id));
    } catch (BangerException e) {
      LOG.warn("the name of vm={} is free only when it is removed", id, e);
    }
  }

  private void remove(VmId id) {
    try {
      deleteIfThere(id);
    } catch (BangerException e) {
      retired.remove(id); // it can be seen, and deleted by hand
      LOG.error("vm={} cannot be removed", id, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      removals.remove(Thread.currentThread());
    }
  }

  /** Waits for removals that have begun. VMs run on. */
  public void close(Duration limit) throws InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    unclaimed.close();
    for (Thread removal : removals) {
      removal.join(Duration.ofNanos(Math.max(1, until - System.nanoTime())));
    }
  }

  /** What holds the VM is cancelled, and a VMM that is being asked to end is ended. */
  private void breakOff(VmRow row) throws BangerException, InterruptedException {
    operations.cancelAll(o -> o.kind().startsWith("vm.") && o.subject().equals(row.name().value()));
    LiveVm running = lifecycle.live(row.id());
    if (running != null) {
      running.stopping();
      running.vmm().kill();
    }
  }

  /** Oldest first; takes no lock. */
  public List<VmView> list() throws BangerException {
    return visible().stream().map(this::view).toList();
  }

  public VmView show(String vm) throws BangerException {
    return view(find(vm));
  }

  /** The connection to a running guest. */
  public Guest guest(String vm) throws BangerException, InterruptedException {
    VmRow row = find(vm);
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
    return table.all().stream()
        .filter(row -> row.source().imageId().equals(imageId))
        .map(row -> row.name().value())
        .toList();
  }

  /** Names of the VMs that use this kernel. */
  public List<String> usersOfKernel(String release) throws BangerException {
    return table.all().stream()
        .filter(row -> row.source().kernel().equals(release))
        .map(row -> row.name().value())
        .toList();
  }

  private List<VmRow> visible() throws BangerException {
    return table.all().stream().filter(row -> !retired.contains(row.id())).toList();
  }

  /** By name, id, or the beginning of an id that is no other's. */
  public VmRow find(String vm) throws BangerException {
    List<VmRow> all = visible();
    for (VmRow row : all) {
      if (row.name().value().equals(vm) || row.id().value().equals(vm)) {
        return row;
      }
    }
    List<VmRow> begun =
        all.stream().filter(row -> !vm.isEmpty() && row.id().value().startsWith(vm)).toList();
    if (begun.size() == 1) {
      return begun.getFirst();
    }
    throw begun.isEmpty()
        ? new BangerException(
            ErrorCode.NOT_FOUND, "there is no VM '" + vm + "'", "`banger vm ls` lists all VMs")
        : new BangerException(
            ErrorCode.INVALID,
            "'" + vm + "' begins " + begun.size() + " ids",
            "write more of the id");
  }

  private VmRow current(VmId id) throws BangerException {
    return table
        .byId(id)
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.NOT_FOUND, "the VM " + id + " was deleted meanwhile", ""));
  }

  private VmView view(VmRow row) {
    LiveVm live = lifecycle.live(row.id());
    return new VmView(
        row,
        state(row, live, lifecycle.activity(row.id())),
        live == null ? Optional.empty() : observer.running(row, live));
  }

  private static VmState state(
      VmRow row, @Nullable LiveVm live, Lifecycle.@Nullable Activity activity) {
    if (activity != null) {
      return switch (activity) {
        case STARTING -> new VmState.Starting();
        case STOPPING -> new VmState.Stopping();
        case DELETING -> new VmState.Deleting();
      };
    }
    if (live != null) {
      return new VmState.Running(
          live.vmm().identity().pid(), live.vmm().accelerator(), live.answering());
    }
    return switch (row.state()) {
      case CREATING -> new VmState.Creating();
      case DELETING -> new VmState.Deleting();
      case FAILED -> new VmState.Failed(row.life().ended());
      case STOPPED, RUNNING -> {
        Optional<Instant> stopped = row.life().stopped();
        yield stopped.isPresent()
            ? new VmState.Stopped(stopped.get(), row.life().ended())
            : new VmState.Created();
      }
    };
  }
}
