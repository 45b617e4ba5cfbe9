package dev.banger.vmm.firecracker;

import dev.banger.ffm.NodeCalls;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.ProcessIdentity;
import dev.banger.proc.Signal;
import dev.banger.vmm.Drive;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmSpec;
import dev.banger.vmm.VmmSpec.Confinement;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The directory that becomes a confined Firecracker's root. The jailer fills in devices and the
 * program and removes nothing; kernel, initramfs and disks come from here: by hard link where they
 * are on the same file system, as a device node, or mounted over an empty file.
 */
final class Jail {
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
  private static final Path PROCESSES = Path.of("/proc");
  private static final int MOUNT_POINT = 4;
  private static final Duration END_LIMIT = Duration.ofSeconds(10);

  private final PidWatcher watcher;

  Jail(PidWatcher watcher) {
    this.watcher = watcher;
  }

  /** Makes the jail anew, and in the run directory the links to its sockets and pipes. */
  void prepare(VmmSpec spec, JailFiles jail, Confinement user)
      throws BangerException, InterruptedException {
    VmmFiles files = spec.files();
    remove(files);
    try {
      Path root =
          Files.createDirectories(
              jail.root(),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      for (Map.Entry<Path, String> file : JailFiles.names(spec).entrySet()) {
        place(file.getKey(), root.resolve(file.getValue()), writable(spec, file.getKey()), user);
      }
      for (String pipe : List.of(JailFiles.METRICS, JailFiles.LOG)) {
        NodeCalls.makePipe(root.resolve(pipe));
        give(root.resolve(pipe), user);
      }
      link(files.control(), root.resolve(JailFiles.API));
      link(files.channel(), root.resolve(JailFiles.VSOCK));
      link(FirecrackerFiles.metrics(files), root.resolve(JailFiles.METRICS));
      link(FirecrackerFiles.log(files), root.resolve(JailFiles.LOG));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.VMM_FAILED,
          "cannot make the jail " + jail.root(),
          "its file system must allow devices and programs (not nodev, not noexec)",
          e);
    }
  }

  private static void link(Path name, Path to) throws IOException {
    Files.deleteIfExists(name);
    Files.createSymbolicLink(name, to);
  }

  private static boolean writable(VmmSpec spec, Path file) {
    return spec.drives().stream().filter(d -> d.file().equals(file)).anyMatch(d -> !d.readOnly());
  }

  /** A disk of the VM's own becomes its user's; what others share stays as it is. */
  private static void place(Path file, Path inJail, boolean writable, Confinement user)
      throws IOException {
    Path real = file.toRealPath();
    BasicFileAttributes kind = Files.readAttributes(real, BasicFileAttributes.class);
    if (kind.isOther()) {
      NodeCalls.makeBlockDevice(inJail, (Long) Files.getAttribute(real, "unix:rdev"));
      give(inJail, user);
      return;
    }
    try {
      Files.createLink(inJail, real);
    } catch (IOException e) {
      Files.createFile(inJail);
      NodeCalls.bind(real, inJail, !writable);
    }
    if (writable) {
      give(inJail, user);
    }
  }

  private static void give(Path file, Confinement user) throws IOException {
    Files.setAttribute(file, "unix:uid", user.uid(), LinkOption.NOFOLLOW_LINKS);
    Files.setAttribute(file, "unix:gid", user.gid(), LinkOption.NOFOLLOW_LINKS);
  }

  /** What all may read can be read in the jail, too. */
  static void checkReadableByAll(VmmSpec spec) throws BangerException {
    List<Path> shared = new ArrayList<>(List.of(spec.kernel(), spec.initramfs()));
    spec.drives().stream().filter(Drive::readOnly).forEach(drive -> shared.add(drive.file()));
    for (Path file : shared) {
      try {
        if (Files.isRegularFile(file)
            && !Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
          throw new BangerException(
              ErrorCode.PERMISSION,
              "a Firecracker in a jail cannot read " + file,
              "make it readable for all: chmod a+r " + file);
        }
      } catch (IOException e) {
        throw new BangerException(ErrorCode.PERMISSION, "cannot look at " + file, "", e);
      }
    }
  }

  /** Ends who still runs in the jail, takes away its mounts and its files; there may be none. */
  void remove(VmmFiles files) throws BangerException, InterruptedException {
    Path base = FirecrackerFiles.jails(files);
    if (!Files.exists(base, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try {
      for (Path program : programs(base)) {
        end(program);
      }
      for (Path mounted : mountsBelow(base)) {
        NodeCalls.unmount(mounted);
      }
      delete(base);
      Cgroup.remove(files.id());
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot remove the jail " + base, "remove it by hand", e);
    }
  }

  /** The jailer's copies of Firecracker: {@code BASE/NAME/ID/root/NAME}. */
  private static List<Path> programs(Path base) throws IOException {
    List<Path> found = new ArrayList<>();
    try (var names = Files.newDirectoryStream(base)) {
      for (Path name : names) {
        try (var ids = Files.newDirectoryStream(name)) {
          ids.forEach(id -> found.add(id.resolve("root").resolve(name.getFileName())));
        }
      }
    }
    found.removeIf(program -> !Files.isRegularFile(program, LinkOption.NOFOLLOW_LINKS));
    return found;
  }

  private void end(Path program) throws IOException, BangerException, InterruptedException {
    Object key = Files.readAttributes(program, BasicFileAttributes.class).fileKey();
    try (var processes = Files.newDirectoryStream(PROCESSES, "[0-9]*")) {
      for (Path process : processes) {
        if (key.equals(runs(process))) {
          kill(ProcessIdentity.of(Long.parseLong(process.getFileName().toString())));
        }
      }
    }
  }

  private void kill(Optional<ProcessIdentity> process)
      throws BangerException, InterruptedException {
    if (process.isPresent()) {
      PidWatcher.signal(process.get(), Signal.KILL);
      if (!watcher.awaitEnd(process.get(), END_LIMIT)) {
        throw new BangerException(
            ErrorCode.VMM_FAILED,
            "process " + process.get().pid() + " in a jail does not end when killed",
            "it hangs in the kernel, perhaps on a disk that does not answer: see `dmesg`");
      }
    }
  }

  private static Object runs(Path process) {
    try {
      Object key =
          Files.readAttributes(process.resolve("exe"), BasicFileAttributes.class).fileKey();
      return key == null ? "" : key;
    } catch (IOException e) {
      return ""; // it has ended, or is the kernel's
    }
  }

  /** The innermost first. */
  private static List<Path> mountsBelow(Path base) throws IOException {
    Path real = base.toRealPath();
    List<Path> found = new ArrayList<>();
    for (String line : Files.readAllLines(MOUNTS, StandardCharsets.UTF_8)) {
      String[] words = line.split(" ", MOUNT_POINT + 2);
      String point = words[MOUNT_POINT].replace("\\040", " ");
      if (Path.of(point).startsWith(real)) {
        found.add(Path.of(point));
      }
    }
    return found.reversed();
  }

  /** Never follows a link: a hard link goes, and the file it is of stays. */
  private static void delete(Path tree) throws IOException {
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
