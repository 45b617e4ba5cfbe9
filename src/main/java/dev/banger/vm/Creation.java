package dev.banger.vm;

import dev.banger.capability.OwnDisk;
import dev.banger.image.Image;
import dev.banger.image.ImageReference;
import dev.banger.image.Images;
import dev.banger.image.disk.Trees;
import dev.banger.image.kernel.Kernel;
import dev.banger.image.kernel.Kernels;
import dev.banger.journal.Journal;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.model.Uninterruptibly;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.net.VmNetworks;
import dev.banger.net.port.PortSpec;
import dev.banger.net.port.Publications;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Makes a VM's record and directories, and removes them. */
final class Creation {
  private static final int NAME_TRIES = 20;
  private static final int ID_BYTES = 6;

  private final VmTable table;
  private final Transitions transitions;
  private final Images images;
  private final Kernels kernels;
  private final Optional<VmNetworks> networks;
  private final Lifecycle lifecycle;
  private final Remains remains;
  private final Publications publications;
  private final Journal journal;
  private final Directories directories;
  private final Clock clock;
  private final KeyedLocks<VmId> locks;
  private final OrderedLock createVm = new OrderedLock(LockRank.CREATE_VM, "names");
  private final OrderedLock imageOps;
  private final Names names = new Names();
  private final SecureRandom random = new SecureRandom();

  Creation(
      VmParts parts,
      Lifecycle lifecycle,
      Remains remains,
      Transitions transitions,
      KeyedLocks<VmId> locks) {
    this.transitions = transitions;
    this.journal = parts.journal();
    this.remains = remains;
    this.publications = parts.publications();
    this.table = parts.table();
    this.images = parts.images();
    this.kernels = parts.kernels();
    this.directories = parts.directories();
    this.clock = parts.clock();
    this.imageOps = parts.imageOps();
    this.networks = parts.networks();
    this.lifecycle = lifecycle;
    this.locks = locks;
  }

  /** A VM with a name and nothing else yet; closed without being kept it is gone. */
  record Reserved(VmRow row, VmSpec spec, Steps steps) {}

  /** Checks the wish, takes the name and the host's ports; nothing else is made yet. */
  Reserved reserve(VmSpec spec) throws BangerException, InterruptedException {
    spec.check();
    if (spec.network().needsBridge()) {
      VmNetworks _ = bridged();
    }
    ImageReference.parse(spec.image());
    publications.check(spec.ports().specs());
    Reserved reserved = reserveName(spec);
    boolean claimed = false;
    try {
      var _ = publications.claim(reserved.row().id(), spec.ports().specs());
      claimed = true;
      return reserved;
    } finally {
      if (!claimed) {
        abandon(reserved);
      }
    }
  }

  /** Takes a reserved VM back that nobody makes. Others may have found it, so under its lock. */
  void abandon(Reserved reserved) throws BangerException {
    AtomicReference<@Nullable BangerException> failure = new AtomicReference<>();
    Thread worker =
        Thread.ofVirtual()
            .name("abandon " + reserved.row().id())
            .start(() -> failure.set(takeBack(reserved)));
    Uninterruptibly.join(worker);
    BangerException why = failure.get();
    if (why != null) {
      throw why;
    }
  }

  private @Nullable BangerException takeBack(Reserved reserved) {
    try (Held _ = locks.acquire(reserved.row().id());
        Steps _ = reserved.steps()) {
      return null;
    } catch (BangerException e) {
      return e;
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody knows this thread", e);
    }
  }

  private Reserved reserveName(VmSpec spec) throws BangerException, InterruptedException {
    try (Held _ = createVm.acquire()) {
      for (int attempt = 0; attempt < NAME_TRIES; attempt++) {
        VmRow row = row(spec, spec.name().isPresent() ? spec.name().get() : names.choose(attempt));
        Optional<Reserved> reserved = reserve(row, spec);
        if (reserved.isPresent()) {
          return reserved.get();
        }
        if (spec.name().isPresent()) {
          break;
        }
      }
    }
    throw new BangerException(
        ErrorCode.ALREADY_EXISTS,
        "cannot create a VM named "
            + spec.name().map(VmName::value).orElse("at random")
            + ": the name is in use",
        "choose another name, or delete that VM first");
  }

  /** Empty when the name is taken. */
  private Optional<Reserved> reserve(VmRow row, VmSpec spec)
      throws BangerException, InterruptedException {
    Steps steps = journal.steps(row.id().value());
    boolean inserted = false;
    try {
      inserted =
          steps.make(Remains.step(StepKind.VM_RECORD, row.id()), () -> transitions.creating(row));
    } finally {
      if (!inserted) {
        steps.close();
      }
    }
    return inserted ? Optional.of(new Reserved(row, spec, steps)) : Optional.empty();
  }

  private VmRow row(VmSpec spec, VmName name) throws BangerException {
    byte[] id = new byte[ID_BYTES];
    random.nextBytes(id);
    Instant now = clock.instant();
    return new VmRow(
        new VmId(HexFormat.of().formatHex(id)),
        name,
        VmRow.Life.begun(now),
        new VmRow.Source(spec.image(), "", spec.kernel().orElse("")),
        new VmRow.Shape(spec.cpus(), spec.memory(), spec.disk()),
        spec.policy(now),
        VmRow.Restarts.NONE,
        spec.initMode(),
        spec.oneShot(),
        spec.env(),
        spec.owner(),
        table.next("vmm-uid"),
        spec.labels());
  }

  /** Makes all of a reserved VM, or nothing: on failure its record goes too. */
  void make(Reserved reserved, boolean start, Progress progress, Held held)
      throws BangerException, InterruptedException {
    VmId id = reserved.row().id();
    held.requireFor(locks.of(id));
    try (Steps steps = reserved.steps()) {
      steps.attribute();
      record(id);
      pin(reserved.row(), progress);
      if (networks.isPresent() && !reserved.spec().network().isEmpty()) {
        networks.get().reserve(id, reserved.spec().network());
      }
      if (reserved.spec().ports().exposed()) {
        publishExposed(id);
      }
      steps.take(Remains.step(StepKind.VM_DIRECTORY, id), () -> makeDirectory(directories.vm(id)));
      if (start) {
        lifecycle.start( // on success it is RUNNING
            record(id), Lifecycle.Cause.USER, reserved.spec().program(), progress, held);
      } else {
        transitions.created(reserved.row());
      }
      steps.keep();
    }
  }

  /**
   * Finds or fetches image and kernel and writes them into the record, so that neither can go away.
   */
  private void pin(VmRow row, Progress progress) throws BangerException, InterruptedException {
    ImageReference reference = ImageReference.parse(row.source().image());
    while (true) {
      Image image = images.resolve(reference, progress);
      images.seeds().requireFits(image, row.shape().disk().roundUp(OwnDisk.UNIT));
      String wanted = row.source().kernel().isEmpty() ? image.kernel() : row.source().kernel();
      Kernel kernel = wanted.isEmpty() ? newest(progress) : kernels.find(wanted);
      try (Held _ = imageOps.acquire()) {
        if (isHere(image) && Files.isDirectory(kernel.directory())) {
          table.setImageAndKernel(row.id(), image.id(), kernel.id());
          return;
        }
      }
    }
  }

  private VmNetworks bridged() throws BangerException {
    return networks.orElseThrow(Creation::noBridge);
  }

  static BangerException noBridge() {
    return new BangerException(
        ErrorCode.HOST_UNSUPPORTED,
        "an address, a named network, NAT and egress can be chosen on a bridge only, and VMs have the user network here",
        "run the daemon as root with network.mode = \"bridge\"; `banger doctor` says what is missing");
  }

  /** Those of the image's ports that are not published by wish, on ports of banger's choice. */
  private void publishExposed(VmId id) throws BangerException {
    Image image = images.byId(record(id).source().imageId());
    List<PortSpec> specs =
        PortSpec.exposed(image.defaults().ports()).stream()
            .filter(spec -> publications.of(id).stream().noneMatch(spec::isFor))
            .toList();
    var _ = publications.claim(id, specs);
  }

  /** Neither it nor its name is gone. */
  private static boolean isHere(Image image) {
    return Files.isDirectory(image.directory()) && !image.deleted();
  }

  private Kernel newest(Progress progress) throws BangerException, InterruptedException {
    Optional<Kernel> newest = kernels.newest();
    return newest.isPresent() ? newest.get() : kernels.pull(progress);
  }

  private VmRow record(VmId id) throws BangerException {
    return table
        .byId(id)
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.CANCELLED, "the VM was deleted while it was being made", ""));
  }

  private static void makeDirectory(Path directory) throws BangerException {
    try {
      Files.createDirectories(directory.getParent());
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (IOException e) {
      throw Trees.failure("cannot make " + directory, e);
    }
  }

  /** Removes a VM; what has begun is finished, by a later daemon if need be. */
  void remove(VmRow row, Held held) throws BangerException, InterruptedException {
    held.requireFor(locks.of(row.id()));
    try (Steps steps = journal.steps(row.id().value())) {
      steps.take(Remains.step(StepKind.VM_REMOVAL, row.id()), () -> remains.remove(row.id(), ""));
      steps.keep();
    }
  }
}
