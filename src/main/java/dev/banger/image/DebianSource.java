package dev.banger.image;

import dev.banger.image.debian.HostApt;
import dev.banger.image.disk.Mke2fs;
import dev.banger.image.disk.Publication;
import dev.banger.image.disk.RootView;
import dev.banger.image.disk.Trees;
import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.journal.Undoer;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Finished;
import dev.banger.proc.Programs;
import dev.banger.proc.Tool;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Debian root file systems built by mmdebstrap from the mirrors that the host's apt uses. Needs no
 * right on the host; downloaded packages are kept for the next pull.
 */
public final class DebianSource implements ImageSource {
  private static final Tool MMDEBSTRAP = new Tool("mmdebstrap", "mmdebstrap");
  private static final Tool DPKG_QUERY = new Tool("dpkg-query", "dpkg");
  private static final Tool SHELL = new Tool("sh", "dash");
  private static final Pattern SUITE = Pattern.compile("[a-z][a-z0-9]{1,30}");
  private static final Map<String, String> RELEASES =
      Map.of("latest", "stable", "11", "bullseye", "12", "bookworm", "13", "trixie");

  /** What a developer expects of a small machine. No udev: nothing here waits for it at boot. */
  private static final List<String> PACKAGES =
      List.of(
          "systemd-sysv",
          "dbus",
          "kmod",
          "iproute2",
          "iputils-ping",
          "netbase",
          "procps",
          "less",
          "nano",
          "sudo",
          "ca-certificates",
          "curl",
          "git",
          "openssh-client",
          "bash-completion",
          "xz-utils");

  /** {@code $1} is the root; {@code ARCHIVES} the kept packages. */
  private static final String SET_UP =
      """
      mkdir -p "$1/var/cache/apt/archives/partial"
      find "$ARCHIVES" -maxdepth 1 -name '*.deb' -exec cp -l -t "$1/var/cache/apt/archives" {} +
      find "$ARCHIVES/partial" -type f -exec cp -l -t "$1/var/cache/apt/archives/partial" {} +
      """;

  /** Nothing of the host stays, and nothing runs by itself that costs a young machine its time. */
  private static final String CUSTOMIZE =
      """
      set -eu
      chroot "$1" passwd --quiet --delete root
      rm -f "$1/etc/hostname"
      : > "$1/etc/resolv.conf"
      echo LANG=C.UTF-8 > "$1/etc/default/locale"
      printf '127.0.0.1\\tlocalhost\\n::1\\tlocalhost ip6-localhost ip6-loopback\\n' > "$1/etc/hosts"
      chroot "$1" systemctl --quiet disable apt-daily.timer apt-daily-upgrade.timer \
        dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service || true
      """;

  /**
   * Keeps what was downloaded, also by a pull that was cancelled; empties the image's own cache.
   */
  private static final String SALVAGE =
      """
      from="$1/var/cache/apt/archives"
      [ -d "$from" ] || exit 0
      find "$from" -maxdepth 1 -name '*.deb' -exec cp -ln -t "$2" {} +
      find "$from/partial" -type f -size +0 -exec cp -ln -t "$2/partial" {} +
      find "$from" -type f -delete
      """;

  private final Directories directories;
  private final Binaries binaries;
  private final HostApt host;
  private final RootView view;
  private final List<Path> unfinished;

  public DebianSource(Directories directories, Binaries binaries) throws BangerException {
    this.directories = directories;
    this.binaries = binaries;
    this.host = new HostApt(binaries);
    this.view = new RootView(binaries);
    this.unfinished = Trees.list(builds());
  }

  @Override
  public String name() {
    return "deb";
  }

  @Override
  public boolean accepts(ImageReference reference) {
    return (reference.name().equals("debian") || reference.forcesHostPackages())
        && SUITE.matcher(suite(reference)).matches();
  }

  private static String suite(ImageReference reference) {
    return RELEASES.getOrDefault(reference.tag(), reference.tag());
  }

  @Override
  public Map<StepKind, Undoer> undoers() {
    return Map.of(StepKind.BUILD_TREE, this::undoBuild);
  }

  private void undoBuild(Step step) throws BangerException, InterruptedException {
    Path build = step.path(0);
    if (Files.isDirectory(build)) {
      salvage(root(build), archives());
      view.remove(build);
    }
  }

  @Override
  public void reclaim() throws BangerException, InterruptedException {
    for (Path build : unfinished) {
      view.remove(build);
    }
  }

  private static Path root(Path build) {
    return build.resolve("root");
  }

  private Path archives() {
    return directories.cache().resolve("archives");
  }

  private Path builds() {
    return directories.cache().resolve("build");
  }

  @Override
  public Pulled pull(ImageReference reference, Path disk, Steps scratch, Progress progress)
      throws BangerException, InterruptedException {
    String suite = suite(reference);
    List<String> sources = host.sources(suite);
    Path build = Publication.unpublished(builds());
    Path root = root(build);
    scratch.take(
        Step.of(StepKind.BUILD_TREE, scratch.owner(), build), () -> makeBuildDirectory(build));
    Programs.note(scratch);
    try {
      bootstrap(suite, sources, build, root, progress);
      salvage(root, archives());
      progress.stage("make disk");
      List<String> packages = packages(root);
      UUID uuid = UUID.randomUUID();
      Mke2fs.ofAllUsers(view).fromTree(disk, root, uuid, "banger-root", true);
      Files.write(disk.resolveSibling("packages"), packages);
      return new Pulled(
          "deb:" + suite + ", " + packages.size() + " packages of the host's mirrors",
          digest(packages),
          uuid,
          true,
          ImageDefaults.shell(
              List.of("/bin/bash"),
              List.of(
                  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                  "LANG=C.UTF-8")));
    } catch (IOException e) {
      throw Trees.failure("cannot build the root file system of " + reference, e);
    }
  }

  private void makeBuildDirectory(Path build) throws BangerException {
    try {
      Files.createDirectories(archives().resolve("partial"));
      Files.createDirectories(builds());
      Files.createDirectory(build);
      Files.setPosixFilePermissions(build, PosixFilePermissions.fromString("rwx--x--x"));
    } catch (IOException e) {
      throw Trees.failure("cannot make " + build, e);
    }
  }

  private void bootstrap(
      String suite, List<String> sources, Path build, Path root, Progress progress)
      throws BangerException, InterruptedException, IOException {
    Path settings = build.resolve("apt.conf");
    Publication.writeFile(
        settings, String.join("\n", host.settings()).getBytes(StandardCharsets.UTF_8));
    String list = String.join("\n", sources) + "\n";
    Finished finished =
        view.contained(MMDEBSTRAP, "--mode=unshare", "--variant=minbase", "--format=directory")
            .with("--verbose", "--include=" + String.join(",", PACKAGES), "--aptopt=" + settings)
            .with("--skip=download/empty,essential/unlink,cleanup/apt/lists,cleanup/apt/cache")
            .with("--setup-hook=" + SET_UP, "--customize-hook=" + CUSTOMIZE)
            .with(suite, root.toString(), "-")
            .environment("ARCHIVES", archives().toString())
            .environment("TMPDIR", build.toString())
            .input(new ByteArrayInputStream(list.getBytes(StandardCharsets.UTF_8)))
            .onOutput(line -> {})
            .onError(new BootstrapProgress(progress))
            .limit(Duration.ofHours(1))
            .run();
    if (finished.lastErrors().stream().anyMatch(l -> l.contains("does not have a Release file"))) {
      throw finished.failure(
          ErrorCode.NOT_FOUND,
          "the host's Debian mirrors have no release '" + suite + "'",
          "try debian:bookworm");
    }
    finished.orThrow(
        ErrorCode.UNAVAILABLE,
        "cannot build Debian " + suite + " from the host's mirrors",
        "check the network and the mirrors in /etc/apt, then try again: downloads are kept");
  }

  private void salvage(Path root, Path archives) throws BangerException, InterruptedException {
    view.withAllUsers(SHELL, "-c", SALVAGE, "salvage", root.toString(), archives.toString())
        .run(ErrorCode.INTERNAL, "cannot keep the downloaded packages", "see the cause");
  }

  private List<String> packages(Path root) throws BangerException, InterruptedException {
    return Command.of(binaries, DPKG_QUERY, "--admindir=" + root.resolve("var/lib/dpkg"))
        .with("--show", "--showformat=${Package} ${Version} ${Architecture}\\n")
        .run(ErrorCode.INTERNAL, "cannot list the packages in " + root, "see the cause")
        .output()
        .lines()
        .sorted()
        .toList();
  }

  private static String digest(List<String> lines) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      lines.forEach(line -> digest.update((line + "\n").getBytes(StandardCharsets.UTF_8)));
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
