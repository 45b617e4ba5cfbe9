package dev.banger.vm;

import dev.banger.capability.SnapshotDisks;
import dev.banger.config.Config;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.VmId;
import dev.banger.snapshot.Snapshots;
import dev.banger.snapshot.Store;
import dev.banger.snapshot.StoreRules;
import dev.banger.snapshot.StoreUsage;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Watches the stores of running VMs whose system disks are snapshots, each on a thread of its own:
 * one that fills up grows, and while the host has no room its guest is held up before it is full.
 */
final class DiskWatch {
  private static final Logger LOG = LoggerFactory.getLogger(DiskWatch.class);
  private static final Duration PERIOD = Duration.ofMillis(250);

  /** So long after a daemon has found a VM held up, it was the daemon before that held it. */
  private static final Duration TAKEOVER = Duration.ofSeconds(5);

  private final SnapshotDisks disks;
  private final Directories directories;
  private final VmParts.Room room;
  private final Config.Admission admission;
  private final Transitions transitions;
  private final KeyedLocks<VmId> locks;

  DiskWatch(VmParts parts, Transitions transitions, KeyedLocks<VmId> locks) {
    this.disks = parts.disks();
    this.directories = parts.directories();
    this.room = parts.room();
    this.admission = parts.admission();
    this.transitions = transitions;
    this.locks = locks;
  }

  /** Until the VM ends, or this daemon lets go of it. */
  void begin(LiveVm vm) {
    if (SnapshotDisks.isIn(directories.vm(vm.id()))) {
      Thread _ = Thread.ofVirtual().name("disk-" + vm.name()).start(() -> new Watched(vm).run());
    }
  }

  /** One VM; belongs to its thread. */
  private final class Watched {
    private final LiveVm vm;
    private final Snapshots snapshots = disks.snapshots();
    private final Store store;
    private boolean warned;
    private boolean failed;

    Watched(LiveVm vm) {
      this.vm = vm;
      this.store = SnapshotDisks.in(directories.vm(vm.id()));
    }

    void run() {
      try {
        while (vm.vmm().alive() && !vm.isClosed()) {
          look();
          Thread.sleep(PERIOD);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** What fails is told once, and tried again. */
    private void look() throws InterruptedException {
      try {
        Optional<StoreUsage> usage = snapshots.usage(vm.id());
        if (usage.isPresent()) {
          act(usage.get());
        }
        failed = false;
      } catch (BangerException | RuntimeException e) {
        if (!failed && vm.vmm().alive() && !vm.isStopping()) {
          LOG.warn("vm=" + vm.name() + " its disk cannot be watched; it is tried again", e);
          failed = true;
        }
      }
    }

    private void act(StoreUsage usage) throws BangerException, InterruptedException {
      boolean held = isHeld();
      StoreRules rules = new StoreRules(snapshots.reserve(), snapshots.mostOfStore(vm.id()));
      ByteSize nothing = new ByteSize(0);
      StoreRules.Action action = rules.decide(usage, store.size(), nothing, held);
      if (!(action instanceof StoreRules.Action.Nothing) || held) {
        action = rules.decide(usage, store.size(), room(), held);
      }
      switch (action) {
        case StoreRules.Action.Nothing() -> {}
        case StoreRules.Action.Grow(ByteSize size) -> grow(usage, size);
        case StoreRules.Action.Revive(ByteSize size) -> revive(size);
        case StoreRules.Action.Warn() -> warn(usage);
        case StoreRules.Action.Hold() -> hold(usage);
        case StoreRules.Action.Release() -> release();
        case StoreRules.Action.Lost() -> lost();
      }
    }

    /** Its processors are stopped because of its disk, by us, by a daemon before, or by the VMM. */
    private boolean isHeld() {
      boolean takenOver = vm.ran().compareTo(TAKEOVER) < 0 && vm.vmm().suspended().isPresent();
      return vm.heldFor().isPresent() || takenOver;
    }

    private ByteSize room() throws BangerException {
      long free = room.look().data().available().bytes() - admission.diskFloor().bytes();
      return new ByteSize(Math.max(0, free));
    }

    private void grow(StoreUsage usage, ByteSize size) throws BangerException {
      snapshots.enlargeStore(vm.id(), store, size);
      warned = false;
      LOG.info("vm={} disk store {} -> {}, used {}", vm.name(), usage.total(), size, usage.used());
    }

    /** Not while somebody starts, ends or changes the VM. */
    private void revive(ByteSize size) throws BangerException, InterruptedException {
      Optional<Held> lock = locks.of(vm.id()).tryAcquire();
      if (lock.isEmpty()) {
        return;
      }
      try (Held _ = lock.get()) {
        vm.hold("its disk's store is made larger");
        vm.vmm().pause();
        if (store.size().compareTo(size) < 0) {
          snapshots.enlargeStore(vm.id(), store, size);
        }
        snapshots.revive(vm.id(), store);
        LOG.info("vm={} disk store was full, has {} now", vm.name(), size);
        release();
      }
    }

    private void warn(StoreUsage usage) throws BangerException {
      if (!warned) {
        warned = true;
        tell(
            "disk-low",
            "its disk can take " + usage.free() + " more, then it is paused: " + cure());
      }
    }

    private String cure() throws BangerException {
      return "the host's disk has no room beyond disk_floor ("
          + admission.diskFloor()
          + "), `banger df` shows what there is to drop";
    }

    private void hold(StoreUsage usage) throws BangerException, InterruptedException {
      String free =
          usage.state() == StoreUsage.State.WHOLE
              ? "only " + usage.free() + " are left"
              : "none is left";
      vm.hold("its disk has no room, " + free + "; it goes on when there is: " + cure());
      vm.vmm().pause();
      tell("disk-full", vm.heldFor().orElse(""));
    }

    private void release() throws BangerException, InterruptedException {
      vm.vmm().resume();
      vm.hold(null);
      warned = false;
      tell("disk-room", "its disk has room again: it goes on");
    }

    private void lost() throws BangerException {
      if (!warned) {
        warned = true;
        tell(
            "disk-lost",
            "the device mapper calls its snapshot invalid: `dmesg | tail` may tell why");
      }
    }

    private void tell(String kind, String what) throws BangerException {
      LOG.atLevel(kind.equals("disk-room") ? Level.INFO : Level.WARN)
          .log("vm={} {}: {}", vm.name(), kind, what);
      transitions.note(vm.id(), new Transitions.Note(kind, what, ""));
    }
  }
}
