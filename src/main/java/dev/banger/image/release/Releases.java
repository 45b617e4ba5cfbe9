package dev.banger.image.release;

import dev.banger.image.disk.Publication;
import dev.banger.image.disk.Trees;
import dev.banger.image.layer.TarEntry;
import dev.banger.image.layer.TarReader;
import dev.banger.image.oci.WebContents;
import dev.banger.journal.Journal;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;

/**
 * VMMs that were fetched: each release in a directory {@code NAME-VERSION} with its programs, which
 * has its name when it is whole.
 */
public final class Releases {
  private static final String FIRECRACKER = "firecracker";
  private static final List<String> PROGRAMS = List.of(FIRECRACKER, "jailer");
  private static final int CATALOG_LIMIT = 1 << 20;
  private static final long PROGRAM_LIMIT = 256L << 20;
  private static final int MOST_ENTRIES = 10_000;
  private static final String ARCHITECTURE = machine(System.getProperty("os.arch", ""));

  /** As releases name their programs: {@code firecracker-v1.16.1-x86_64}, or without the rest. */
  private static final Pattern PROGRAM =
      Pattern.compile("(?:.*/)?(firecracker|jailer)(?:-v?[0-9][0-9.]*-[a-z0-9_]+)?");

  private static final Pattern INSTALLED = Pattern.compile("firecracker-([0-9.]+)");

  private final Path directory;
  private final Optional<Path> catalog;
  private final Supplier<WebContents> web;
  private final Journal journal;
  private final Semaphore pulls = new Semaphore(1, true);

  /**
   * @param directory takes the releases; made when the first is fetched
   * @param catalog the user's list of releases
   */
  public Releases(
      Path directory, Optional<Path> catalog, Supplier<WebContents> web, Journal journal) {
    this.directory = directory;
    this.catalog = catalog;
    this.web = web;
    this.journal = journal;
    journal.undoer(StepKind.RELEASE_STAGING, Publication::undo);
  }

  /** A release that is installed. */
  public record Release(String version, Path directory) {}

  /** As a catalog writes it. */
  private static String machine(String java) {
    return java.equals("amd64") ? "x86_64" : java;
  }

  /** Removes what a daemon before this one left half fetched. */
  public void reclaim() throws BangerException {
    Trees.removeAll(Publication.unfinished(directory));
  }

  /** The newest first. */
  public List<Release> installed() throws BangerException {
    return installed(directory);
  }

  /** The newest first. */
  public static List<Release> installed(Path directory) throws BangerException {
    List<Release> found = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      for (Path release : Publication.published(directory)) {
        Matcher name = INSTALLED.matcher(release.getFileName().toString());
        if (name.matches()) {
          found.add(new Release(name.group(1), release));
        }
      }
    }
    found.sort((a, b) -> ReleaseEntry.VERSIONS.compare(b.version(), a.version()));
    return List.copyOf(found);
  }

  /** What can be fetched for this host, the newest first. */
  public List<ReleaseEntry> known() throws BangerException {
    if (catalog.isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "no catalog of releases is configured",
          "write one and name it in config.toml: firecracker.releases = \"/path\""
              + " (docs/firecracker.md shows one)");
    }
    Path file = catalog.get();
    try {
      if (Files.size(file) > CATALOG_LIMIT) {
        throw new IOException("it is longer than " + CATALOG_LIMIT + " bytes");
      }
      return ReleaseEntry.parse(Files.readString(file), file.toUri()).stream()
          .filter(e -> e.name().equals(FIRECRACKER) && e.architecture().equals(ARCHITECTURE))
          .sorted((a, b) -> ReleaseEntry.VERSIONS.compare(b.version(), a.version()))
          .toList();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.NOT_FOUND,
          "cannot read the catalog of releases " + file,
          "correct firecracker.releases in config.toml",
          e);
    }
  }

  /**
   * Fetches a release that the catalog lists; one that is there stays as it is.
   *
   * @param version empty: the newest
   * @return its version
   */
  public String pull(String version, Progress progress)
      throws BangerException, InterruptedException {
    ReleaseEntry entry = choose(version);
    pulls.acquire();
    try {
      if (installed().stream().noneMatch(r -> r.version().equals(entry.version()))) {
        fetch(entry, progress);
      }
      return entry.version();
    } finally {
      pulls.release();
    }
  }

  private ReleaseEntry choose(String version) throws BangerException {
    return known().stream()
        .filter(entry -> version.isEmpty() || entry.version().equals(version))
        .findFirst()
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.NOT_FOUND,
                "the catalog lists no Firecracker "
                    + (version.isEmpty() ? "" : version + " ")
                    + "for "
                    + ARCHITECTURE,
                "`banger vmm ls` shows what it lists"));
  }

  private void fetch(ReleaseEntry entry, Progress progress)
      throws BangerException, InterruptedException {
    try (Steps steps = journal.steps("release");
        WebContents contents = web.get()) {
      Publication place = Publication.begin(steps, StepKind.RELEASE_STAGING, directory);
      progress.stage("download");
      long[] done = {0};
      try (InputStream archive =
          contents.open(
              entry.url(),
              entry.digest(),
              entry.size(),
              more -> {
                done[0] += more;
                progress.bytes(done[0], entry.size());
              })) {
        progress.stage("unpack");
        unpack(archive, place.directory());
      }
      require(entry, place.directory());
      place.sync();
      place.publish(entry.name() + "-" + entry.version());
      steps.keep();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.CORRUPT,
          "cannot unpack the release " + entry.version() + " of " + entry.url(),
          "it must be an archive (tar, gzip) with the programs " + String.join(" and ", PROGRAMS),
          e);
    }
  }

  /** Only the programs, each by its plain name; the rest of the archive is passed over. */
  private static void unpack(InputStream archive, Path to) throws IOException {
    TarReader tar = new TarReader(new GZIPInputStream(archive));
    int count = 0;
    for (TarEntry entry = tar.next(); entry != null; entry = tar.next()) {
      if (++count > MOST_ENTRIES) {
        throw new IOException("the archive has more than " + MOST_ENTRIES + " entries");
      }
      Matcher name = PROGRAM.matcher(new String(entry.path(), StandardCharsets.UTF_8));
      if (name.matches() && entry.size() > 0) {
        write(tar, entry, to.resolve(name.group(1)));
      }
    }
  }

  private static void write(TarReader tar, TarEntry entry, Path program) throws IOException {
    if (entry.size() > PROGRAM_LIMIT) {
      throw new IOException("a program of " + entry.size() + " bytes");
    }
    long written = Files.copy(tar.content(), program);
    if (written != entry.size()) {
      throw new IOException("the archive ends in the middle of " + program.getFileName());
    }
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static void require(ReleaseEntry entry, Path directory) throws IOException {
    for (String program : PROGRAMS) {
      if (!Files.isRegularFile(directory.resolve(program))) {
        throw new IOException("there is no " + program + " in " + entry.url());
      }
    }
  }
}
