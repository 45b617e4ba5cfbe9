package dev.banger.snapshot;

import dev.banger.journal.Journal;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.privileged.BlockDevices;
import dev.banger.privileged.BlockDevices.FileDevice;
import dev.banger.privileged.BlockDevices.Stretch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * VMs' disks as device-mapper snapshots. Each VM has two devices while it runs: its base, which is
 * the image and zeros behind it, and the disk itself, a snapshot of it. The loop devices below them
 * go with them. Nothing here remembers anything but what is being tried: what there is, is asked of
 * the kernel.
 */
public final class Snapshots {
  private final BlockDevices devices;
  private final Path data;
  private final ByteSize reserve;
  private final Set<VmId> tried = ConcurrentHashMap.newKeySet();

  /**
   * @param data names devices, so that those of another data directory are others
   * @param reserve how much of a store is kept free for what the guest writes next
   */
  public Snapshots(BlockDevices devices, Path data, ByteSize reserve) {
    this.devices = devices;
    this.data = data;
    this.reserve = reserve;
  }

  private DeviceNames names() throws BangerException {
    return DeviceNames.of(data);
  }

  /** How the steps of this room are undone. */
  public void addTo(Journal journal) {
    journal.undoer(StepKind.SNAPSHOT_BASE, step -> devices.remove(step.operands().getFirst()));
    journal.undoer(StepKind.SNAPSHOT_DISK, step -> devices.remove(step.operands().getFirst()));
  }

  /** Refused, with the cure, where this host cannot have them. */
  public void require() throws BangerException, InterruptedException {
    devices.require(Tables.TARGETS);
  }

  /**
   * Makes a disk, writes to it, and removes it again, in files of its own in this directory;
   * refused with the reason where that is not possible.
   */
  public void probe(Path directory) throws BangerException, InterruptedException {
    require();
    new Probe(directory)
        .run((vm, image, store) -> {
          boolean _ = tried.add(vm);
          try {
            DeviceNames names = names();
            ByteSize size = Probe.SIZE.roundUp(Store.UNIT);
            Path base = makeBase(names.base(vm), image, Probe.SIZE, size);
            Path disk = makeDisk(names.disk(vm), base, store, Tables.sectors(size));
            Probe.write(disk);
          } finally {
            devices.remove(names().disk(vm));
            devices.remove(names().base(vm));
            boolean _ = tried.remove(vm);
          }
        });
  }

  /** Removes what is attached of VMs that are not known any more, but what is being tried here. */
  public void reclaim(Known known) throws BangerException, InterruptedException {
    Set<VmId> strangers = attached();
    strangers.removeAll(tried);
    strangers.removeAll(known.ids());
    for (VmId stranger : strangers) {
      detach(stranger);
    }
  }

  /** All VMs that there are; asked after a look at what is attached. */
  @FunctionalInterface
  public interface Known {
    Set<VmId> ids() throws BangerException;
  }

  /** Behind the free part of a store, this much is wanted. */
  public ByteSize reserve() {
    return reserve;
  }

  /**
   * Makes the VM's disk; its path. What was left of one goes first. The store is made when there is
   * none.
   */
  public Path attach(VmId vm, Path image, Store store, ByteSize wanted, Steps steps)
      throws BangerException, InterruptedException {
    require();
    detach(vm);
    DeviceNames names = names();
    ByteSize imageSize = size(image);
    ByteSize size = wanted.compareTo(imageSize) < 0 ? imageSize : wanted.roundUp(Store.UNIT);
    if (!store.exists()) {
      ByteSize most = Store.most(size);
      store.make(reserve.compareTo(most) < 0 ? reserve : most, steps);
    }
    Path base =
        steps.make(
            step(StepKind.SNAPSHOT_BASE, steps, names.base(vm)),
            () -> makeBase(names.base(vm), image, imageSize, size));
    Path disk =
        steps.make(
            step(StepKind.SNAPSHOT_DISK, steps, names.disk(vm)),
            () -> makeDisk(names.disk(vm), base, store, Tables.sectors(size)));
    if (usage(vm).filter(usage -> usage.state() == StoreUsage.State.INVALID).isPresent()) {
      throw new BangerException(
          ErrorCode.CORRUPT,
          "the disk in " + store.file() + " is lost: the device mapper calls its snapshot invalid",
          "`dmesg | tail` may tell why; the image is untouched: make the VM anew");
    }
    return disk;
  }

  private static Step step(StepKind kind, Steps steps, String name) {
    return new Step(kind, steps.owner(), List.of(name));
  }

  private static ByteSize size(Path image) throws BangerException {
    try {
      return new ByteSize(Files.size(image));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "cannot look at the image " + image, "check that it is there", e);
    }
  }

  private Path makeBase(String name, Path image, ByteSize imageSize, ByteSize size)
      throws BangerException {
    try (FileDevice file = devices.ofFile(image, true)) {
      List<Stretch> table = Tables.base(file.path().toString(), imageSize, size);
      return devices.create(name, DeviceNames.uuid(name), table, true);
    }
  }

  private Path makeDisk(String name, Path base, Store store, long sectors) throws BangerException {
    try (FileDevice file = devices.ofFile(store.file(), false)) {
      List<Stretch> table = Tables.snapshot(base, file.path(), sectors);
      return devices.create(name, DeviceNames.uuid(name), table, false);
    }
  }

  /** Removes the VM's devices, if there are any; its store stays. May be repeated. */
  public void detach(VmId vm) throws BangerException, InterruptedException {
    DeviceNames names = names();
    if (!devices.names(names.disk(vm)).isEmpty()) {
      devices.remove(names.disk(vm));
      devices.remove(names.base(vm));
    }
  }

  /** The VM's disk; empty: it is not attached. */
  public Optional<Path> device(VmId vm) throws BangerException {
    return devices.path(names().disk(vm));
  }

  /** How large the VM's disk is; zero: it is not attached. */
  public ByteSize size(VmId vm) throws BangerException {
    return Tables.bytes(Tables.length(devices.table(names().disk(vm))));
  }

  /** Makes an attached disk larger while it is used; never smaller. May be repeated. */
  public void enlarge(VmId vm, ByteSize wanted) throws BangerException {
    DeviceNames names = names();
    ByteSize size = wanted.roundUp(Store.UNIT);
    List<Stretch> base = devices.table(names.base(vm));
    List<Stretch> disk = devices.table(names.disk(vm));
    if (base.isEmpty() || disk.isEmpty()) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          "the disk of " + vm + " is not attached",
          "the VM's next start makes it as large");
    }
    if (Tables.length(base) < Tables.sectors(size)) {
      devices.exchange(names.base(vm), Tables.enlarged(base, size), true);
    }
    if (Tables.length(disk) < Tables.sectors(size)) {
      Stretch now = disk.getFirst();
      devices.exchange(
          names.disk(vm),
          List.of(new Stretch(0, Tables.sectors(size), now.type(), now.parameters())),
          false);
    }
  }

  /** How full the store of an attached disk is; empty: it is not attached. */
  public Optional<StoreUsage> usage(VmId vm) throws BangerException {
    List<Stretch> status = devices.status(names().disk(vm));
    if (status.isEmpty()) {
      return Optional.empty();
    }
    if (!status.getFirst().type().equals("snapshot")) {
      ByteSize none = new ByteSize(0);
      return Optional.of(new StoreUsage(StoreUsage.State.AWAY, none, none));
    }
    return Optional.of(StoreUsage.parse(status.getFirst().parameters()));
  }

  /** The largest store that the VM's disk can need. */
  public ByteSize mostOfStore(VmId vm) throws BangerException {
    return Store.most(size(vm));
  }

  /** Makes the store of an attached disk larger while it is used. May be repeated. */
  public void enlargeStore(VmId vm, Store store, ByteSize size) throws BangerException {
    store.extend(size.roundUp(Store.UNIT));
    try (FileDevice file = devices.ofFile(store.file(), false)) {
      file.takeCapacity();
    }
    if (devices.table(names().disk(vm)).isEmpty()) {
      throw new BangerException(
          ErrorCode.WRONG_STATE, "the disk of " + vm + " is not attached", "");
    }
  }

  /**
   * Reads a snapshot anew that has overflown, so that it takes writes again. Its guest must be
   * paused.
   */
  public void revive(VmId vm, Store store) throws BangerException {
    DeviceNames names = names();
    List<Stretch> now = devices.table(names.disk(vm));
    Optional<Path> base = devices.path(names.base(vm));
    if (now.isEmpty() || base.isEmpty()) {
      throw new BangerException(
          ErrorCode.WRONG_STATE, "the disk of " + vm + " is not attached", "");
    }
    long sectors = Tables.length(now);
    try (FileDevice file = devices.ofFile(store.file(), false)) {
      if (now.getFirst().type().equals("snapshot")) {
        devices.exchange(names.disk(vm), Tables.nothing(sectors), false);
      }
      devices.exchange(names.disk(vm), Tables.snapshot(base.get(), file.path(), sectors), false);
    }
  }

  /** All VMs that have a device. */
  public Set<VmId> attached() throws BangerException {
    DeviceNames names = names();
    Set<VmId> found = new TreeSet<>(Comparator.comparing(VmId::value));
    for (String name : devices.names(names.prefix())) {
      names.owner(name).ifPresent(found::add);
    }
    return found;
  }
}
