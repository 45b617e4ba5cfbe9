package dev.banger.capability;

import dev.banger.guest.Guest;
import dev.banger.guest.GuestConfiguration;
import dev.banger.guest.GuestConfiguration.Role;
import dev.banger.image.disk.DiskFile;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.snapshot.Snapshots;
import dev.banger.snapshot.Store;
import dev.banger.snapshot.StoreUsage;
import dev.banger.vmm.Drive;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** VMs' own disks: files, and system disks that are snapshots of their image. */
public final class SnapshotDisks {
  private static final String NAME = "system.cow";
  private static final String ROOT = "/";

  /** Of the store's reserve: less of it free is worth a word. */
  private static final int LITTLE = 2;

  private final Snapshots snapshots;

  public SnapshotDisks(Snapshots snapshots) {
    this.snapshots = snapshots;
  }

  /** Where the VM with this directory has what it wrote. */
  public static Store in(Path directory) {
    return new Store(directory.resolve(NAME));
  }

  /** Whether the VM with this directory has a snapshot. */
  public static boolean isIn(Path directory) {
    return in(directory).exists();
  }

  public Snapshots snapshots() {
    return snapshots;
  }

  List<String> obstacles() throws InterruptedException {
    try {
      snapshots.require();
      return List.of();
    } catch (BangerException e) {
      return List.of(e.getMessage() + " (" + e.hint() + ")");
    }
  }

  void prepare(StartPlan plan, Steps steps) throws BangerException, InterruptedException {
    StartPlan.Vm vm = plan.vm();
    Path device =
        snapshots.attach(vm.id(), vm.image().disk(), in(vm.directory()), vm.disk(), steps);
    plan.add(
        Drive.device(device, false),
        new GuestConfiguration.Disk(Role.BASE, vm.image().uuid(), ROOT, false, false, true));
  }

  /** As the disk is, for who only looks: one that is not clean is shown as a copy. */
  Drive shown(StartPlan plan, Store store, Steps steps)
      throws BangerException, InterruptedException {
    StartPlan.Vm vm = plan.vm();
    Path device = snapshots.attach(vm.id(), vm.image().disk(), store, vm.disk(), steps);
    if (new DiskFile(device).isClean()) {
      return Drive.device(device, true);
    }
    snapshots.detach(vm.id());
    Store copy = in(plan.vm().directory());
    new DiskFile(store.file()).copyTo(copy.file(), steps, StepKind.SYSTEM_DISK);
    return Drive.device(
        snapshots.attach(vm.id(), vm.image().disk(), copy, vm.disk(), steps), false);
  }

  /** After a start: a file system that is smaller than its disk grows. */
  void fill(VmId vm, Guest guest) throws BangerException, InterruptedException {
    ByteSize size = snapshots.size(vm);
    if (fileSystem(vm).compareTo(size) < 0) {
      ByteSize _ = OwnDisk.growInside(guest, ROOT, size);
    }
  }

  private ByteSize fileSystem(VmId vm) throws BangerException {
    return new DiskFile(device(vm)).fileSystem();
  }

  private Path device(VmId vm) throws BangerException {
    return snapshots
        .device(vm)
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.WRONG_STATE, "the disk of " + vm + " is not attached", "start the VM"));
  }

  void detach(VmId vm, Path directory) throws BangerException, InterruptedException {
    if (isIn(directory)) {
      snapshots.detach(vm);
    }
  }

  /** Those that are made; none before the first start. */
  public List<VmDisk> of(VmId vm, Path directory, ByteSize wanted) {
    List<VmDisk> disks = new ArrayList<>();
    if (isIn(directory)) {
      disks.add(new SnapshotDisk(vm, in(directory), wanted));
    }
    for (OwnDisk own : OwnDisk.values()) {
      DiskFile file = own.in(directory);
      if (file.exists()) {
        disks.add(new FileDisk(own, file));
      }
    }
    return disks;
  }

  /** Grown by its VMM. */
  private record FileDisk(OwnDisk own, DiskFile disk) implements VmDisk {
    @Override
    public String name() {
      return own.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Path place() {
      return disk.file();
    }

    @Override
    public ByteSize size() throws BangerException {
      return disk.size();
    }

    @Override
    public ByteSize allocated() throws BangerException {
      return disk.allocated();
    }

    @Override
    public boolean isSmallerThan(ByteSize wanted) throws BangerException {
      return disk.size().compareTo(wanted) < 0;
    }

    @Override
    public ByteSize growInside(Guest guest, ByteSize wanted)
        throws BangerException, InterruptedException {
      return own.growInside(guest, wanted);
    }
  }

  /** Grown on the host; the VMM then looks at its device anew. */
  private final class SnapshotDisk implements VmDisk {
    private final VmId vm;
    private final Store store;
    private final ByteSize wanted;

    SnapshotDisk(VmId vm, Store store, ByteSize wanted) {
      this.vm = vm;
      this.store = store;
      this.wanted = wanted;
    }

    @Override
    public String name() {
      return "system";
    }

    @Override
    public Path place() throws BangerException {
      return device(vm);
    }

    @Override
    public ByteSize size() throws BangerException {
      ByteSize attached = snapshots.size(vm);
      return attached.bytes() > 0 ? attached : wanted;
    }

    @Override
    public ByteSize allocated() throws BangerException {
      return new DiskFile(store.file()).allocated();
    }

    @Override
    public String note() throws BangerException {
      Optional<StoreUsage> usage = snapshots.usage(vm);
      if (usage.isEmpty()) {
        return "";
      }
      return switch (usage.get().state()) {
        case WHOLE ->
            isLow(usage.get()) ? "its store has only " + usage.get().free() + " left" : "";
        case OVERFLOWN -> "its store is full";
        case INVALID -> "it is lost: the device mapper calls its snapshot invalid";
        case AWAY -> "";
      };
    }

    private boolean isLow(StoreUsage usage) throws BangerException {
      return usage.free().bytes() < snapshots.reserve().bytes() / LITTLE
          && usage.total().compareTo(snapshots.mostOfStore(vm)) < 0;
    }

    /** Also when the host knows it already: a daemon may have died before the VMM was told. */
    @Override
    public boolean isSmallerThan(ByteSize size) throws BangerException {
      return fileSystem(vm).compareTo(size) < 0;
    }

    @Override
    public void enlarge(ByteSize size) throws BangerException {
      snapshots.enlarge(vm, size);
    }

    @Override
    public ByteSize growInside(Guest guest, ByteSize size)
        throws BangerException, InterruptedException {
      return OwnDisk.growInside(guest, ROOT, size);
    }
  }
}
