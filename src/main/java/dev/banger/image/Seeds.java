package dev.banger.image;

import dev.banger.ext4.Ext4Options;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.disk.Publication;
import dev.banger.image.disk.RootFile;
import dev.banger.image.disk.Trees;
import dev.banger.image.layer.DirectoriesLayer;
import dev.banger.image.layer.Layer;
import dev.banger.image.layer.RootDisk;
import dev.banger.journal.Journal;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
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
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The work seeds of images, kept in {@code DATA/seeds}, each in a directory named by its image. One
 * that is there is whole; the newest one of an image counts, and a moment later it is the only one.
 */
public final class Seeds {
  private static final Logger LOG = LoggerFactory.getLogger(Seeds.class);

  private final Path parent;
  private final Directories directories;
  private final OrderedLock imageOps;
  private final Journal journal;
  private final Clock clock;
  private final List<Path> unfinished;
  private final SecureRandom random = new SecureRandom();

  Seeds(Directories directories, OrderedLock imageOps, Journal journal, Clock clock)
      throws BangerException {
    this.parent = directories.data().resolve("seeds");
    this.directories = directories;
    this.imageOps = imageOps;
    this.journal = journal;
    this.clock = clock;
    this.unfinished = Publication.unfinished(parent);
    journal.undoer(StepKind.SEED_STAGING, Publication::undo);
  }

  /** Removes what was half made when this object came to be, and seeds of images that are gone. */
  void reclaim() throws BangerException, InterruptedException {
    Trees.removeAll(unfinished);
    for (Path directory : Publication.published(parent)) {
      String image = imageOf(directory);
      try (Steps removal = steps("removal", image);
          var _ = imageOps.acquire()) {
        boolean older = of(image).filter(seed -> !seed.directory().equals(directory)).isPresent();
        if (Files.isDirectory(directory) && (older || !isThere(image))) {
          Publication.withdraw(removal, StepKind.SEED_STAGING, directory);
        }
      }
    }
  }

  private boolean isThere(String image) {
    return Files.isDirectory(directories.images().resolve(image));
  }

  private static String imageOf(Path directory) {
    String name = directory.getFileName().toString();
    return name.substring(0, Math.max(0, name.indexOf('-')));
  }

  private Steps steps(String what, String image) throws BangerException, InterruptedException {
    String number = Long.toHexString(random.nextLong());
    return journal.steps(what + " " + number + " of the work seed of image " + image);
  }

  /** Of the image with this id. */
  public Optional<Seed> of(String image) throws BangerException {
    List<Seed> seeds = new ArrayList<>();
    for (Path directory : published(image)) {
      try {
        seeds.add(Seed.read(directory));
      } catch (BangerException e) {
        if (Files.isDirectory(directory)) { // else it was replaced meanwhile
          throw e;
        }
      }
    }
    return seeds.stream().max(Comparator.comparing(Seed::created));
  }

  private List<Path> published(String image) throws BangerException {
    return Publication.published(parent).stream().filter(d -> imageOf(d).equals(image)).toList();
  }

  /** Of all images. */
  public List<Seed> list() throws BangerException {
    List<Seed> seeds = new ArrayList<>();
    for (Path directory : Publication.published(parent)) {
      try {
        seeds.add(Seed.read(directory));
      } catch (BangerException e) {
        LOG.warn("the work seed in {} is left out", directory, e);
      }
    }
    return seeds;
  }

  /**
   * Makes the image's seed, in place of the one before; VMs that are there keep their homes.
   *
   * @param home its files, all of which become root's
   * @param origin what they are, for people
   * @param fingerprint of the SSH key that new work disks get
   */
  public Seed make(Image image, Layer home, String origin, String fingerprint, Progress progress)
      throws BangerException, InterruptedException {
    OrderedLock.requireNotHeld(imageOps.rank());
    try (Steps removal = steps("removal", image.id());
        Steps steps = steps("making", image.id())) {
      Publication publication = Publication.begin(steps, StepKind.SEED_STAGING, parent);
      Path disk = Seed.diskIn(publication.directory());
      Instant now = clock.instant();
      write(home, disk, now, progress);
      Seed seed =
          new Seed(
              parent.resolve(image.id() + "-" + Long.toHexString(random.nextLong())),
              image.id(),
              new ByteSize(Files.size(disk)),
              origin,
              now);
      seed.writeTo(publication.directory(), fingerprint);
      progress.stage("write to disk");
      publication.sync();
      try (var _ = imageOps.acquire()) {
        requireStillHere(image);
        List<Path> before = published(image.id());
        publication.publish(seed.directory().getFileName().toString());
        steps.keep();
        for (Path older : before) {
          Publication.withdraw(removal, StepKind.SEED_STAGING, older);
        }
      }
      return seed;
    } catch (IOException e) {
      throw Trees.failure("cannot write the work seed of " + image.reference(), e);
    }
  }

  /**
   * The seed that has come with an image which is about to be published: publish it before, and
   * under the same lock. Seeds of images that are not there are removed by the next daemon.
   */
  Staged stage(String image, Path arrived, String origin, Steps steps)
      throws BangerException, InterruptedException {
    Publication publication = Publication.begin(steps, StepKind.SEED_STAGING, parent);
    Path disk = Seed.diskIn(publication.directory());
    try {
      Files.move(arrived, disk);
      Path directory = parent.resolve(image + "-" + Long.toHexString(random.nextLong()));
      RootFile root = RootFile.openHome(disk);
      new Seed(directory, image, root.size(), origin, clock.instant())
          .writeTo(publication.directory(), "");
      publication.sync();
      return new Staged(publication, directory.getFileName().toString());
    } catch (IOException e) {
      throw Trees.failure("cannot write the work seed of the image", e);
    }
  }

  /** Whole, but nobody sees it yet. */
  record Staged(Publication publication, String name) {
    void publish() throws BangerException {
      Path _ = publication.publish(name);
    }
  }

  /** As {@code DiskTemplates} prepares a work disk, with the files in it. */
  private static void write(Layer home, Path disk, Instant now, Progress progress)
      throws BangerException, InterruptedException {
    SequencedMap<String, Integer> prepared = new LinkedHashMap<>();
    prepared.put("./", 0700);
    prepared.put("./.banger/", 0711);
    prepared.put("./.banger/docker/", 0711);
    RootDisk.writeHome(
        List.of(home, new DirectoriesLayer(prepared, now.getEpochSecond())),
        disk,
        disk.resolveSibling(""),
        new Ext4Options(
            DiskTemplate.Role.WORK.uuid(), DiskTemplate.Role.WORK.label(), now.getEpochSecond(), 0),
        written -> progress.bytes(written, 0));
  }

  private void requireStillHere(Image image) throws BangerException {
    if (!isThere(image.id())) {
      throw new BangerException(
          ErrorCode.NOT_FOUND, "there is no image '" + image.id() + "' any more", "");
    }
  }

  /** Homes of new VMs are empty again; whether there was a seed. */
  public boolean clear(Image image) throws BangerException, InterruptedException {
    try (Steps removal = steps("removal", image.id());
        var _ = imageOps.acquire()) {
      List<Path> all = published(image.id());
      withdraw(image, removal);
      return !all.isEmpty();
    }
  }

  /** With its image; the caller holds the lock of image operations. */
  void withdraw(Image image, Steps removal) throws BangerException, InterruptedException {
    for (Path directory : published(image.id())) {
      Publication.withdraw(removal, StepKind.SEED_STAGING, directory);
    }
  }

  /** What beside each seed says which SSH key new work disks get is this now. */
  public void refresh(String fingerprint) throws BangerException, InterruptedException {
    for (Seed seed : list()) {
      if (seed.fingerprint().equals(fingerprint)) {
        continue;
      }
      try (var _ = imageOps.acquire()) {
        if (Files.isDirectory(seed.directory())) {
          Seed.writeFingerprint(seed.directory(), fingerprint);
        }
      } catch (IOException e) {
        throw Trees.failure("cannot write beside the work seed " + seed.directory(), e);
      }
    }
  }

  /** Refuses a work disk that is smaller than what it is to begin with. */
  public void requireFits(Image image, ByteSize disk) throws BangerException {
    Optional<Seed> seed = of(image.id());
    if (seed.isPresent() && seed.get().size().compareTo(disk) > 0) {
      throw new BangerException(
          ErrorCode.INVALID,
          "a disk of "
              + disk
              + " cannot hold the work seed of "
              + image.reference()
              + ", which has "
              + seed.get().size(),
          "take --disk " + seed.get().size().bytes() / ByteSize.mib(1).bytes() + "M or more");
    }
  }

  /** A work disk of its own with what the image's seed holds; false when it has none. */
  public boolean copyTo(Path target, Image image, Steps steps)
      throws BangerException, InterruptedException {
    Optional<Seed> seed = of(image.id());
    while (seed.isPresent()) {
      try {
        seed.get().disk().copyTo(target, steps, StepKind.WORK_DISK);
        return true;
      } catch (BangerException e) {
        Optional<Seed> now = of(image.id());
        if (now.equals(seed)) {
          throw e;
        }
        seed = now; // it was replaced meanwhile
      }
    }
    return false;
  }
}
