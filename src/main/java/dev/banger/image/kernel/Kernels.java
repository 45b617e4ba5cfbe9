package dev.banger.image.kernel;

import dev.banger.image.debian.DebianPackage;
import dev.banger.image.debian.HostApt;
import dev.banger.image.debian.PrivateApt;
import dev.banger.image.disk.Publication;
import dev.banger.image.disk.Trees;
import dev.banger.image.disk.Users;
import dev.banger.journal.Journal;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.lock.OrderedLock;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import dev.banger.proc.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernels on this host: pulled from the host's Debian mirrors, made of files, or come with
 * bundles; kept below {@link Directories#kernels}. The directories are the truth: one that is there
 * is whole.
 */
public final class Kernels {
  private static final Pattern PACKAGE = Pattern.compile("\\b(linux-image-[a-z0-9.+-]+)");
  private static final String OWNER = "a kernel";

  private static final Logger LOG = LoggerFactory.getLogger(Kernels.class);
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.+~_-]*");

  private final Directories directories;
  private final Binaries binaries;
  private final OrderedLock imageOps;
  private final Journal journal;
  private final Clock clock;
  private final List<Path> unfinished;
  private final Initramfs initramfs;

  /** One pull at a time: apt locks its state, and the second one finds the first one's kernel. */
  private final Semaphore pulls = new Semaphore(1, true);

  /**
   * @param agent the static program that becomes {@code /init}
   * @param imageOps of rank IMAGE_OPS; held while a kernel is published or deleted
   */
  public Kernels(
      Directories directories,
      Binaries binaries,
      Path agent,
      OrderedLock imageOps,
      Journal journal,
      Clock clock)
      throws BangerException {
    this.directories = directories;
    this.binaries = binaries;
    this.imageOps = imageOps;
    this.journal = journal;
    this.clock = clock;
    this.unfinished = Publication.unfinished(directories.kernels());
    journal.undoer(StepKind.KERNEL_STAGING, Publication::undo);
    this.initramfs = new Initramfs(directories.cache().resolve("initramfs"), agent, clock);
  }

  /** Removes what was half made when this object came to be. */
  public void reclaim() throws BangerException {
    Trees.removeAll(unfinished);
    initramfs.reclaim();
  }

  /** The newest kernel of the host's Debian release; the one that is there when it is the same. */
  public Kernel pull(Progress progress) throws BangerException, InterruptedException {
    OrderedLock.requireNotHeld(imageOps.rank());
    pulls.acquire();
    try (Steps steps = journal.steps(OWNER);
        Steps scratch = journal.steps("making of " + OWNER)) {
      Programs.note(scratch);
      Kernel kernel = pullAlone(steps, scratch, progress);
      steps.keep();
      return kernel;
    } finally {
      pulls.release();
    }
  }

  private Kernel pullAlone(Steps steps, Steps scratch, Progress progress)
      throws BangerException, InterruptedException {
    PrivateApt apt = new PrivateApt(directories.cache().resolve("apt"), binaries);
    String architecture = new HostApt(binaries).architecture();
    progress.stage("read package lists");
    apt.update();
    DebianPackage meta = apt.show("linux-image-cloud-" + architecture);
    Matcher depends = PACKAGE.matcher(meta.depends());
    if (!depends.find()) {
      throw new BangerException(
          ErrorCode.UNAVAILABLE,
          meta.name() + " depends on no kernel but on '" + meta.depends() + "'",
          "report this as a mistake in banger");
    }
    DebianPackage wanted = apt.show(depends.group(1));
    Optional<Kernel> there = withDigest(wanted.sha256());
    if (there.isPresent()) {
      return there.get();
    }
    progress.stage("download kernel");
    Path archive = apt.download(wanted, progress);
    return build(wanted, archive, steps, scratch, progress);
  }

  private Kernel build(
      DebianPackage wanted, Path archive, Steps steps, Steps scratch, Progress progress)
      throws BangerException, InterruptedException {
    Publication publication =
        Publication.begin(steps, StepKind.KERNEL_STAGING, directories.kernels());
    Publication unpacked =
        Publication.begin(scratch, StepKind.KERNEL_STAGING, directories.kernels());
    Programs.note(scratch);
    try {
      UUID modulesUuid = KernelBuild.uuid(wanted.sha256());
      String release =
          new KernelBuild(binaries, unpacked.directory(), publication.directory())
              .build(archive, modulesUuid, progress);
      String id = Kernel.id(release, wanted.sha256());
      Kernel kernel =
          new Kernel(
              id,
              release,
              wanted.architecture(),
              wanted.sha256(),
              "deb:" + wanted.name() + "=" + wanted.version(),
              clock.instant(),
              modulesUuid,
              directories.kernels().resolve(id));
      kernel.writeTo(publication.directory());
      publication.sync();
      try (var _ = imageOps.acquire()) {
        publication.publish(id);
      }
      return kernel;
    } catch (IOException e) {
      throw Trees.failure("cannot write the kernel of " + wanted.name(), e);
    }
  }

  /** A kernel made of files of this host; VMs boot it only where somebody names it. */
  public Kernel register(KernelFiles files, Progress progress)
      throws BangerException, InterruptedException {
    OrderedLock.requireNotHeld(imageOps.rank());
    try (Steps steps = journal.steps(OWNER);
        Steps scratch = journal.steps("making of " + OWNER)) {
      Publication publication =
          Publication.begin(steps, StepKind.KERNEL_STAGING, directories.kernels());
      Publication unpacked =
          Publication.begin(scratch, StepKind.KERNEL_STAGING, directories.kernels());
      Programs.note(scratch);
      KernelBuild.Built built =
          new KernelBuild(binaries, unpacked.directory(), publication.directory())
              .buildOf(files, progress);
      String id = Kernel.id(built.release(), built.digest());
      Kernel kernel =
          new Kernel(
              id,
              built.release(),
              new HostApt(binaries).architecture(),
              built.digest(),
              Kernel.OF_FILES + files.kernel() + "@sha256:" + built.digest(),
              clock.instant(),
              KernelBuild.uuid(built.digest()),
              directories.kernels().resolve(id));
      kernel.writeTo(publication.directory());
      publication.sync();
      try (var _ = imageOps.acquire()) {
        if (Files.isDirectory(kernel.directory())) {
          return byId(id); // that very kernel is here already
        }
        publication.publish(id);
      }
      steps.keep();
      return kernel;
    } catch (IOException e) {
      throw Trees.failure("cannot write the kernel of " + files.kernel(), e);
    }
  }

  /** A kernel whose files are put together by somebody else; gone with the steps unless adopted. */
  public Staged stage(Steps steps) throws BangerException, InterruptedException {
    return new Staged(Publication.begin(steps, StepKind.KERNEL_STAGING, directories.kernels()));
  }

  /** Where the files of such a kernel go. Belongs to one thread. */
  public final class Staged {
    private final Publication publication;
    private @Nullable Kernel kernel;

    private Staged(Publication publication) {
      this.publication = publication;
    }

    public Path directory() {
      return publication.directory();
    }

    /**
     * Its files are all there. INVALID unless they are whole and of this release.
     *
     * @param provenance where it came from
     */
    public void complete(String release, String provenance)
        throws BangerException, InterruptedException {
      Kernel staged =
          Kernel.staged(
              publication.directory(), directories.kernels(), provenance, clock.instant());
      if (!staged.release().equals(release) || !ID.matcher(staged.id()).matches()) {
        throw new BangerException(
            ErrorCode.INVALID,
            "the kernel that came with the image is not the announced " + release,
            "take another version of the image");
      }
      try {
        staged.writeTo(publication.directory());
      } catch (IOException e) {
        throw Trees.failure("cannot write the kernel " + staged.id(), e);
      }
      publication.sync();
      kernel = staged;
    }

    /** As it will be. */
    public Kernel kernel() {
      if (kernel == null) {
        throw new IllegalStateException("it is not complete");
      }
      return kernel;
    }

    /** One of this host's from now on, unless it is already; under the lock of image operations. */
    public void publish() throws BangerException {
      if (!Files.isDirectory(kernel().directory())) {
        Path _ = publication.publish(kernel().id());
      }
    }
  }

  /** The newest first; without those that cannot be read, which the log tells. */
  public List<Kernel> list() throws BangerException {
    List<Kernel> kernels = new ArrayList<>();
    for (Path directory : Publication.published(directories.kernels())) {
      try {
        kernels.add(Kernel.read(directory));
      } catch (BangerException e) {
        if (Files.isDirectory(directory)) { // else it was deleted meanwhile
          LOG.warn("the kernel in {} is left out", directory, e);
        }
      }
    }
    kernels.sort(Comparator.comparing(Kernel::pulled).reversed());
    return kernels;
  }

  /** NOT_FOUND when there is none; CORRUPT when it cannot be read. Looks at no other. */
  public Kernel byId(String id) throws BangerException {
    Path directory = directories.kernels().resolve(id);
    if (!ID.matcher(id).matches() || !Files.isDirectory(directory)) {
      throw new BangerException(
          ErrorCode.NOT_FOUND,
          "there is no kernel '" + id + "' on this host",
          "`banger kernel ls` lists them");
    }
    return Kernel.read(directory);
  }

  /** By its id or its release; the newest one when several have that release. */
  public Kernel find(String name) throws BangerException {
    List<Kernel> all = list();
    return all.stream()
        .filter(k -> k.id().equals(name) || k.release().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.NOT_FOUND,
                "there is no kernel '" + name + "'",
                all.isEmpty()
                    ? "run `banger kernel pull`"
                    : "there are: " + String.join(", ", all.stream().map(Kernel::id).toList())));
  }

  /** What a VM boots when nobody names a kernel: one that was pulled. */
  public Optional<Kernel> newest() throws BangerException {
    return list().stream().filter(kernel -> !kernel.isOnlyNamed()).findFirst();
  }

  /** Refused while somebody uses it. */
  public void delete(Kernel kernel, Users users) throws BangerException, InterruptedException {
    try (Steps removal = journal.steps("kernel " + kernel.id());
        var _ = imageOps.acquire()) {
      users.requireNone("the kernel " + kernel.id());
      if (!Files.isDirectory(kernel.directory())) {
        throw new BangerException(
            ErrorCode.NOT_FOUND, "there is no kernel '" + kernel.id() + "' any more", "");
      }
      Publication.withdraw(removal, StepKind.KERNEL_STAGING, kernel.directory());
    }
  }

  /** The initramfs for this kernel and VMM with the agent as it is now; made if need be. */
  public Path initramfs(Kernel kernel, InitramfsFlavour flavour) throws BangerException {
    return initramfs.of(kernel, flavour);
  }

  private Optional<Kernel> withDigest(String digest) throws BangerException {
    return list().stream().filter(k -> k.digest().equals(digest) && !k.isOnlyNamed()).findFirst();
  }
}
