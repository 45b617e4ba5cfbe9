package dev.banger.vm;

import dev.banger.capability.OwnDisk;
import dev.banger.image.FlatDisk;
import dev.banger.image.HomeSieve;
import dev.banger.image.Image;
import dev.banger.image.ImageReference;
import dev.banger.image.ImageSource;
import dev.banger.image.Images;
import dev.banger.image.Pulled;
import dev.banger.image.Scrub;
import dev.banger.image.kernel.Kernel;
import dev.banger.image.layer.Reading;
import dev.banger.image.layer.Sieve;
import dev.banger.journal.Steps;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.model.VmId;
import dev.banger.ops.Operations;
import dev.banger.store.VmRow;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * Makes images, and work seeds, of the disks of stopped VMs. Each is an operation under the VM's
 * lock; its subject is the VM's name.
 */
public final class Promotion {
  /** The kinds of operation. */
  public static final String PROMOTE = "image.promote";

  public static final String SEED = "image.seed";

  private static final Set<Phase> DOWN = EnumSet.of(Phase.CREATED, Phase.STOPPED, Phase.FAILED);

  private final Operations operations;
  private final Images images;
  private final VmParts parts;
  private final Lookup lookup;
  private final Lifecycle lifecycle;
  private final Transitions transitions;
  private final Admission admission;
  private final KeyedLocks<VmId> locks;
  private final StoppedDisks disks;

  Promotion(
      VmParts parts,
      Plans plans,
      Lookup lookup,
      Lifecycle lifecycle,
      Transitions transitions,
      Admission admission,
      KeyedLocks<VmId> locks) {
    this.operations = parts.operations();
    this.images = parts.images();
    this.parts = parts;
    this.lookup = lookup;
    this.lifecycle = lifecycle;
    this.transitions = transitions;
    this.admission = admission;
    this.locks = locks;
    this.disks = new StoppedDisks(parts, plans, locks);
  }

  /** Whether such an operation holds the lock of the VM that is its subject. */
  static boolean isKind(String kind) {
    return kind.equals(PROMOTE) || kind.equals(SEED);
  }

  /**
   * Begins to make an image of the VM's system disk and what lies below it; the operation, whose
   * result is the image's id.
   *
   * @param scrub without what makes it this one machine
   */
  public String promote(String vm, ImageReference reference, boolean scrub) throws BangerException {
    VmRow row = lookup.find(vm);
    Images.requireOwnName(reference);
    return begin(
        PROMOTE, row, (now, progress, held) -> promote(now, reference, scrub, progress, held));
  }

  /**
   * Begins to make the image's work seed of the VM's home; the operation, whose result is the
   * image's id.
   *
   * @param fingerprint of the SSH key that new work disks get
   */
  public String seed(String vm, Image image, String fingerprint) throws BangerException {
    VmRow row = lookup.find(vm);
    return begin(SEED, row, (now, progress, held) -> seed(now, image, fingerprint, progress, held));
  }

  @FunctionalInterface
  private interface Work {
    String run(VmRow row, Progress progress, Held held)
        throws BangerException, InterruptedException;
  }

  private String begin(String kind, VmRow row, Work work) throws BangerException {
    requireDown(row);
    String what = kind.replace("image.", "") + " " + row.name();
    admission.check(row.id(), what, StoppedDisks.NEED, Optional.empty());
    return operations.begin(
        kind,
        row.name().value(),
        Optional.empty(),
        progress -> {
          try (Admission.Reservation _ = admission.admit(row.id(), what, StoppedDisks.NEED);
              Held held = locks.acquire(row.id())) {
            VmRow now = lookup.current(row.id());
            requireDown(now);
            return work.run(now, progress, held);
          }
        });
  }

  private void requireDown(VmRow row) throws BangerException {
    if (lifecycle.live(row.id()) != null || !DOWN.contains(transitions.phase(row))) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          row.name() + " is " + transitions.phase(row) + ": its disks may change",
          "stop it first: `banger vm stop " + row.name() + "`");
    }
  }

  private String promote(
      VmRow row, ImageReference reference, boolean scrub, Progress progress, Held held)
      throws BangerException, InterruptedException {
    Image image = images.byId(row.source().imageId());
    Optional<Kernel> kernel =
        image.kernel().isEmpty()
            ? Optional.empty()
            : Optional.of(parts.kernels().find(image.kernel()));
    return images.register(reference, new Source(row, image, scrub, held), kernel, progress).id();
  }

  /** The root file system as the VM saw it. */
  private final class Source implements ImageSource {
    private final VmRow row;
    private final Image image;
    private final boolean scrub;
    private final Held held;

    Source(VmRow row, Image image, boolean scrub, Held held) {
      this.row = row;
      this.image = image;
      this.scrub = scrub;
      this.held = held;
    }

    @Override
    public String name() {
      return "vm";
    }

    @Override
    public boolean accepts(ImageReference reference) {
      return true;
    }

    @Override
    public Pulled pull(ImageReference reference, Path disk, Steps scratch, Progress progress)
        throws BangerException, InterruptedException {
      Reading reading = new Reading(false, false, without("", scrub ? new Scrub() : Sieve.OPEN));
      return disks.read(
          row,
          OwnDisk.SYSTEM,
          progress,
          held,
          guest -> {
            progress.stage("copy files");
            GuestTree tree = new GuestTree(guest, reading, progress);
            FlatDisk written = write(tree, disk);
            return new Pulled(
                provenance(tree.digest()),
                tree.digest(),
                written.uuid(),
                written.hasInit(),
                image.defaults());
          });
    }

    private FlatDisk write(GuestTree tree, Path disk) throws BangerException, InterruptedException {
      try {
        return FlatDisk.write(tree, disk, parts.clock().instant());
      } catch (BangerException e) {
        throw tree.explain(row.name().value(), e);
      }
    }

    private String provenance(String digest) {
      return "vm:%s (%s) of %s (%s)@%s%s"
          .formatted(
              row.name(),
              row.id(),
              image.reference(),
              image.id(),
              digest,
              scrub ? ", scrubbed" : "");
    }
  }

  /** What the host put into the guest's files stays out of every image. */
  private Sieve without(String place, Sieve rest) {
    Set<String> withheld = parts.capabilities().withheld();
    return path -> withheld.contains(place + path) ? Sieve.Fate.LEFT_OUT : rest.fate(path);
  }

  private String seed(VmRow row, Image image, String fingerprint, Progress progress, Held held)
      throws BangerException, InterruptedException {
    if (!OwnDisk.WORK.in(parts.directories().vm(row.id())).exists()) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          row.name() + " was never started, so it has no home yet",
          "start it, put into /root what is wanted, and stop it");
    }
    return disks.read(
        row,
        OwnDisk.WORK,
        progress,
        held,
        guest -> {
          progress.stage("copy files");
          GuestTree tree =
              new GuestTree(
                  guest, new Reading(false, true, without("root/", new HomeSieve())), progress);
          String origin = "VM " + row.name() + " (" + row.id() + ")";
          try {
            return images.seeds().make(image, tree, origin, fingerprint, progress).image();
          } catch (BangerException e) {
            throw tree.explain(row.name().value(), e);
          }
        });
  }
}
