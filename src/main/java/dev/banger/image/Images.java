package dev.banger.image;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.image.disk.Publication;
import dev.banger.image.disk.Trees;
import dev.banger.image.disk.Users;
import dev.banger.image.kernel.Kernel;
import dev.banger.image.kernel.Kernels;
import dev.banger.image.oci.BlobCache;
import dev.banger.journal.Journal;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.lock.LeafLock;
import dev.banger.lock.OrderedLock;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The images on this host, kept below {@link Directories#images}. The directories are the truth:
 * one that is there is whole. A newer image of the same reference takes the name over; the older
 * one stays until it is deleted, and can be had by its id.
 */
public final class Images {
  private static final Logger LOG = LoggerFactory.getLogger(Images.class);

  /** After these another source may do. */
  private static final Set<ErrorCode> ELSEWHERE =
      EnumSet.of(ErrorCode.UNAVAILABLE, ErrorCode.NOT_FOUND, ErrorCode.HOST_UNSUPPORTED);

  /** What stands in front of a path, or of a Debian release. */
  private static final Set<String> RESERVED = Set.of("deb", "oci", "oci-archive", "docker-archive");

  /** The stage of a pull that found its image here already. */
  static final String UP_TO_DATE = "is up to date";

  private final Directories directories;
  private final List<ImageSource> sources;
  private final OrderedLock imageOps;
  private final Clock clock;
  private final Journal journal;
  private final List<Path> unfinished;
  private final Seeds seeds;
  private final PublishedImages published;
  private final SecureRandom random = new SecureRandom();
  private final LeafLock lock = new LeafLock("image pulls");

  @GuardedBy("lock")
  private final Map<ImageReference, CountDownLatch> pulls = new HashMap<>();

  /**
   * @param sources asked in this order
   * @param imageOps of rank IMAGE_OPS; held while an image is published or deleted
   */
  public Images(
      Directories directories,
      List<ImageSource> sources,
      OrderedLock imageOps,
      Journal journal,
      Clock clock)
      throws BangerException {
    this.directories = directories;
    this.sources = List.copyOf(sources);
    this.imageOps = imageOps;
    this.clock = clock;
    this.journal = journal;
    this.unfinished = Publication.unfinished(directories.images());
    this.published = new PublishedImages(directories.images());
    this.seeds = new Seeds(directories, imageOps, journal, clock);
    journal.undoer(StepKind.IMAGE_STAGING, Publication::undo);
    sources.forEach(source -> journal.undoers(source.undoers()));
  }

  /** Removes what was half made when this object came to be. */
  public void reclaim() throws BangerException, InterruptedException {
    Trees.removeAll(unfinished);
    for (ImageSource source : sources) {
      source.reclaim();
    }
    seeds.reclaim();
    try (var _ = imageOps.acquire()) {
      published.settleNames();
    }
  }

  /** The homes that VMs of images begin with. */
  public Seeds seeds() {
    return seeds;
  }

  /**
   * The newest first, also those without a name; without those that cannot be read, which the log
   * tells.
   */
  public List<Image> list() throws BangerException {
    return published.list();
  }

  /** NOT_FOUND when there is none; CORRUPT when it cannot be read. Looks at no other. */
  public Image byId(String id) throws BangerException {
    return published.byId(id);
  }

  /** By id, or the one that has this name. */
  public Image find(String name) throws BangerException {
    return published.find(name);
  }

  /** The image of this name that is here; asks no source. */
  public Optional<Image> local(ImageReference reference) throws BangerException {
    return published.named(reference);
  }

  /** What is here, else what a source has. */
  public Image resolve(ImageReference reference, Progress progress)
      throws BangerException, InterruptedException {
    Optional<Image> here = local(reference);
    return here.isPresent() ? here.get() : pull(reference, progress);
  }

  /**
   * The image of the first source that accepts the reference and has it; the one that is here, when
   * that source has no other. When the same reference is being pulled already, waits for that one
   * and takes its image.
   */
  public Image pull(ImageReference reference, Progress progress)
      throws BangerException, InterruptedException {
    OrderedLock.requireNotHeld(imageOps.rank());
    List<ImageSource> accepting = sources(reference);
    while (true) {
      CountDownLatch mine = new CountDownLatch(1);
      CountDownLatch other = enter(reference, mine);
      if (other == null) {
        try {
          return pullFromFirst(accepting, reference, progress);
        } finally {
          leave(reference);
          mine.countDown();
        }
      }
      Optional<Image> before = local(reference);
      progress.stage("wait for another pull of " + reference);
      other.await();
      Optional<Image> after = local(reference);
      if (after.isPresent() && !after.equals(before)) {
        return after.get();
      }
    }
  }

  private @Nullable CountDownLatch enter(ImageReference reference, CountDownLatch mine) {
    lock.lock();
    try {
      return pulls.putIfAbsent(reference, mine);
    } finally {
      lock.unlock();
    }
  }

  private void leave(ImageReference reference) {
    lock.lock();
    try {
      pulls.remove(reference);
    } finally {
      lock.unlock();
    }
  }

  private List<ImageSource> sources(ImageReference reference) throws BangerException {
    List<ImageSource> accepting = sources.stream().filter(s -> s.accepts(reference)).toList();
    if (accepting.isEmpty()) {
      throw new BangerException(
          ErrorCode.NOT_FOUND,
          "no source has an image '" + reference + "'",
          "known sources: "
              + String.join(", ", sources.stream().map(ImageSource::name).toList())
              + "; try debian:bookworm");
    }
    return accepting;
  }

  /** The next source is asked when one has no such image, or cannot be asked. */
  private Image pullFromFirst(
      List<ImageSource> accepting, ImageReference reference, Progress progress)
      throws BangerException, InterruptedException {
    List<BangerException> failures = new ArrayList<>();
    for (ImageSource source : accepting) {
      try {
        Optional<Image> current = current(source, reference, progress);
        return current.isPresent()
            ? current.get()
            : make(source, reference, Optional.empty(), progress);
      } catch (BangerException e) {
        boolean another = ELSEWHERE.contains(e.code()) && !source.decides(reference);
        failures.forEach(e::addSuppressed);
        if (!another || source.equals(accepting.getLast())) {
          throw e;
        }
        LOG.info("source={} has no image {}", source.name(), reference, e);
        failures.add(e);
      }
    }
    throw new IllegalStateException();
  }

  /** What is here, when it is of this source and a pull would bring the same. */
  private Optional<Image> current(ImageSource source, ImageReference reference, Progress progress)
      throws BangerException, InterruptedException {
    Optional<Image> here = local(reference).filter(i -> i.source().equals(source.name()));
    if (here.isEmpty() || !source.digest(reference, progress).equals(here.map(Image::digest))) {
      return Optional.empty();
    }
    progress.stage(UP_TO_DATE);
    return here;
  }

  /**
   * An image of what this source makes, whatever it accepts; asks no other.
   *
   * @param kernel what its VMs boot when nobody names a kernel; empty: the newest one
   */
  public Image register(
      ImageReference reference, ImageSource source, Optional<Kernel> kernel, Progress progress)
      throws BangerException, InterruptedException {
    OrderedLock.requireNotHeld(imageOps.rank());
    requireOwnName(reference);
    CountDownLatch mine = new CountDownLatch(1);
    if (enter(reference, mine) != null) {
      throw new BangerException(
          ErrorCode.IN_USE, "the image " + reference + " is being made already", "wait for it");
    }
    try {
      return make(source, reference, kernel, progress);
    } finally {
      leave(reference);
      mine.countDown();
    }
  }

  /** Refuses what an image that is made on this host cannot be called. */
  public static void requireOwnName(ImageReference reference) throws BangerException {
    if (!reference.isTagged() || RESERVED.contains(reference.name())) {
      throw new BangerException(
          ErrorCode.INVALID,
          "an image of this host cannot be called '" + reference + "'",
          "take NAME:TAG, as in mine:1");
    }
  }

  private Image make(
      ImageSource source, ImageReference reference, Optional<Kernel> kernel, Progress progress)
      throws BangerException, InterruptedException {
    try (Steps steps = journal.steps("image " + reference);
        Steps scratch = journal.steps("making of image " + reference)) {
      Publication publication =
          Publication.begin(steps, StepKind.IMAGE_STAGING, directories.images());
      Path disk = Image.diskIn(publication.directory());
      Pulled pulled = source.pull(reference, disk, scratch, progress);
      Optional<Kernel> boots = kernel.or(() -> pulled.kernel().map(Kernels.Staged::kernel));
      String id = newId();
      Image image =
          new Image(
              id,
              reference,
              source.name(),
              pulled.provenance(),
              pulled.digest(),
              new ByteSize(Files.size(disk)),
              pulled.uuid(),
              clock.instant(),
              pulled.hasInit(),
              boots.map(Kernel::id).orElse(""),
              pulled.defaults(),
              pulled.layers(),
              directories.images().resolve(id));
      image.writeTo(publication.directory());
      progress.stage("write to disk");
      Path arrived = Seed.arrivedWith(disk);
      Optional<Seeds.Staged> seed =
          Files.exists(arrived)
              ? Optional.of(seeds.stage(id, arrived, pulled.provenance(), steps))
              : Optional.empty();
      publication.sync();
      publish(image, publication, seed, pulled.kernel(), kernel);
      steps.keep();
      return image;
    } catch (IOException e) {
      throw Trees.failure("cannot write the image of " + reference, e);
    }
  }

  private void publish(
      Image image,
      Publication publication,
      Optional<Seeds.Staged> seed,
      Optional<Kernels.Staged> arrived,
      Optional<Kernel> named)
      throws BangerException, InterruptedException {
    try (var _ = imageOps.acquire()) {
      if (named.isPresent()) {
        requireStillHere(named.get());
      }
      if (arrived.isPresent()) {
        arrived.get().publish();
      }
      if (seed.isPresent()) {
        seed.get().publish();
      }
      publication.publish(image.id());
      published.giveName(image);
    }
  }

  private static void requireStillHere(Kernel kernel) throws BangerException {
    if (!Files.isDirectory(kernel.directory())) {
      throw new BangerException(
          ErrorCode.NOT_FOUND,
          "there is no kernel '" + kernel.id() + "' any more",
          "`banger kernel ls` lists them");
    }
  }

  /** The images whose VMs boot this kernel: {@code image NAME:TAG}. */
  public List<String> usersOfKernel(String kernel) throws BangerException {
    return list().stream()
        .filter(image -> image.kernel().equals(kernel))
        .map(image -> "image " + image.reference() + " (" + image.id() + ")")
        .toList();
  }

  /** Refused while somebody uses it. */
  public void delete(Image image, Users users) throws BangerException, InterruptedException {
    try (Steps removal = removal(image);
        var _ = imageOps.acquire()) {
      users.requireNone(
          "the image " + image.reference(),
          "delete what uses it first; with --force no new VM gets it, and its files go with the"
              + " last one that has it");
      hide(image, removal);
    }
  }

  /**
   * Takes its name away, so that no new VM uses it; its files go with the last VM that does.
   *
   * @return who uses it; empty: it is gone whole
   */
  public List<String> deleteName(Image image, Users users)
      throws BangerException, InterruptedException {
    try (Steps removal = removal(image);
        var _ = imageOps.acquire()) {
      List<String> names = users.names();
      if (names.isEmpty()) {
        hide(image, removal);
      } else {
        image.takeNameAway();
      }
      return names;
    }
  }

  /** Removes what has lost its name and its last user, of which there may be none any more. */
  public void collect(Function<Image, Users> users) throws BangerException, InterruptedException {
    for (Image image : list()) {
      if (image.deleted()) {
        collect(image.id(), users.apply(image));
      }
    }
  }

  /** As {@link #collect(Function)}, of this one: one of its users has gone. */
  public void collect(String id, Users users) throws BangerException, InterruptedException {
    Optional<Image> found = published.ifThere(id);
    if (found.isEmpty() || !found.get().deleted()) {
      return;
    }
    Image image = found.get();
    try (Steps removal = removal(image);
        var _ = imageOps.acquire()) {
      if (Files.isDirectory(image.directory()) && users.names().isEmpty()) {
        hide(image, removal);
      }
    }
  }

  /** Closed after the lock: files are removed without it. */
  private Steps removal(Image image) throws BangerException, InterruptedException {
    return journal.steps("image " + image.id());
  }

  private void hide(Image image, Steps removal) throws BangerException, InterruptedException {
    if (!Files.isDirectory(image.directory())) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "there is no image '" + image.id() + "' any more", "");
    }
    Publication.withdraw(removal, StepKind.IMAGE_STAGING, image.directory());
    seeds.withdraw(image, removal);
  }

  /**
   * What went in {@link #prune}.
   *
   * @param name as it was shown
   * @param size what it took of the host
   */
  public record Pruned(Image image, String name, ByteSize size) {}

  /**
   * Deletes images that nobody uses.
   *
   * @param all those too that have a name
   */
  public List<Pruned> prune(boolean all, Function<Image, Users> users)
      throws BangerException, InterruptedException {
    List<Pruned> pruned = new ArrayList<>();
    for (Image image : list()) {
      if (image.named() && !all) {
        continue;
      }
      String name = image.shownName();
      ByteSize size = Trees.allocated(image.directory());
      try {
        delete(image, users.apply(image));
        pruned.add(new Pruned(image, name, size));
      } catch (BangerException e) {
        if (e.code() != ErrorCode.IN_USE && e.code() != ErrorCode.NOT_FOUND) {
          throw e;
        }
      }
    }
    return pruned;
  }

  /** Where the sources keep layers for later pulls. */
  public List<BlobCache> layerCaches() {
    return sources.stream().flatMap(source -> source.layerCache().stream()).toList();
  }

  private String newId() {
    byte[] bytes = new byte[6];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
