package dev.banger.vmm.qemu;

import dev.banger.ffm.FileSystemCalls;
import dev.banger.ffm.ProcessCalls;
import dev.banger.ffm.SystemCallException;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.vmm.Vmm;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The guests' RAM: a sparse file each, on a tmpfs, so that a snapshot costs milliseconds. In the
 * run directory where that is a tmpfs with room, else in a directory of ours on the shared one.
 */
final class GuestMemory {
  private static final String IN_RUN_DIRECTORY = "memory";
  private static final Path PROC = Path.of("/proc");
  private static final Pattern PID = Pattern.compile("[0-9]+");

  private static final int ATTEMPTS = 100;

  private final Path shared;

  /**
   * @param shared a tmpfs that everybody may write to: {@code /dev/shm}
   */
  GuestMemory(Path shared) {
    this.shared = shared;
  }

  /** Throws NO_SPACE with the numbers when there is no room. */
  void check(VmmSpec spec) throws BangerException {
    place(spec);
  }

  /** Makes the file, readable by the VMM's user alone. */
  Path create(VmmSpec spec, ByteSize size) throws BangerException {
    Path file = place(spec);
    try {
      make(file, spec);
      try (RandomAccessFile memory = new RandomAccessFile(file.toFile(), "rw")) {
        memory.setLength(size.bytes());
      }
      if (spec.confinement().isPresent()) {
        Files.setAttribute(file, "unix:uid", spec.confinement().get().uid());
        Files.setAttribute(file, "unix:gid", spec.confinement().get().gid());
      }
      return file;
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.NO_SPACE,
          "cannot make " + file + " for the guest's " + size + " of memory",
          "look at `df " + file.getParent() + "`",
          e);
    }
  }

  private void make(Path file, VmmSpec spec) throws IOException, BangerException {
    for (int attempt = 1; ; attempt++) {
      try {
        if (!file.startsWith(spec.runDirectory())) {
          makeOurs(sharedDirectory(spec.files()));
        }
        Files.deleteIfExists(file);
        Files.createFile(file, permissions("rw-------"));
        return;
      } catch (NoSuchFileException e) { // a VM has ended, and took the directory with it
        if (attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  /** Where this VM's file is; empty when there is none. */
  Optional<Path> find(VmmFiles files) {
    return Stream.of(files.runDirectory().resolve(IN_RUN_DIRECTORY), sharedFile(files))
        .filter(Files::exists)
        .findFirst();
  }

  /** Removes the file wherever it is, and the shared directory behind the last; may be none. */
  void remove(VmmFiles files) throws BangerException {
    Path mine = sharedFile(files);
    try {
      Files.deleteIfExists(files.runDirectory().resolve(IN_RUN_DIRECTORY));
      Files.deleteIfExists(mine);
      removeIfEmpty(sharedDirectory(files));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot remove the guest memory " + mine, "remove it by hand", e);
    }
  }

  /**
   * Removes what lies in the shared directory of the VMs that run below {@code runDirectories}, and
   * belongs to none of these VMs and to no process.
   */
  void reclaim(Path runDirectories, Vmm.Known known) throws BangerException {
    Path directory = sharedDirectory(runDirectories);
    try {
      List<Path> all = files(directory, _ -> true);
      Set<String> keep = known.ids().stream().map(VmId::value).collect(Collectors.toSet());
      List<Path> strays =
          all.stream().filter(file -> !keep.contains(file.getFileName().toString())).toList();
      Set<Path> open = strays.isEmpty() ? Set.of() : openFilesBelow(directory);
      for (Path stray : strays) {
        if (!open.contains(stray)) {
          Files.deleteIfExists(stray);
        }
      }
      removeIfEmpty(directory);
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "cannot remove guest memory that no VM has from " + directory,
          "remove it by hand",
          e);
    }
  }

  private static void removeIfEmpty(Path directory) throws IOException {
    try {
      Files.deleteIfExists(directory);
    } catch (DirectoryNotEmptyException e) {
      // Other VMs have theirs there.
    }
  }

  /** Empty when the directory is not there, or goes meanwhile. */
  private static List<Path> files(Path directory, DirectoryStream.Filter<Path> filter)
      throws IOException {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory, filter)) {
      all.forEach(found::add);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return found;
  }

  /** By the descriptors of all processes that we may look at: the VMMs are ours, or we are root. */
  private static Set<Path> openFilesBelow(Path directory) throws IOException {
    Set<Path> open = new HashSet<>();
    for (Path process : files(PROC, p -> PID.matcher(p.getFileName().toString()).matches())) {
      try {
        for (Path descriptor : files(process.resolve("fd"), _ -> true)) {
          Path file = Files.readSymbolicLink(descriptor);
          if (file.startsWith(directory)) {
            open.add(file);
          }
        }
      } catch (IOException e) {
        // It has ended, or is somebody else's.
      }
    }
    return open;
  }

  private Path place(VmmSpec spec) throws BangerException {
    Path run = existing(spec.runDirectory());
    FileSystemCalls.FileSystem own = look(run);
    if (own.isTmpfs() && own.available() >= spec.memory().bytes()) {
      return spec.runDirectory().resolve(IN_RUN_DIRECTORY);
    }
    FileSystemCalls.FileSystem common = look(shared);
    if (!common.isTmpfs()) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "neither " + run + " nor " + shared + " is a tmpfs, which guest memory needs",
          "mount a tmpfs on " + shared);
    }
    if (common.available() < spec.memory().bytes()) {
      throw new BangerException(
          ErrorCode.NO_SPACE,
          "the guest's "
              + spec.memory()
              + " of memory do not fit: "
              + shared
              + " has "
              + new ByteSize(common.available())
              + " free of "
              + new ByteSize(common.size()),
          "give the VM less memory, stop another one, or mount a larger tmpfs there");
    }
    return sharedFile(spec.files());
  }

  private static FileSystemCalls.FileSystem look(Path path) throws BangerException {
    try {
      return FileSystemCalls.statfs(path);
    } catch (SystemCallException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot look at the file system of " + path,
          "check that it exists and is mounted",
          e);
    }
  }

  private static Path existing(Path path) {
    Path found = path.toAbsolutePath();
    while (!Files.exists(found) && found.getParent() != null) {
      found = found.getParent();
    }
    return found;
  }

  private Path sharedFile(VmmFiles files) {
    return sharedDirectory(files).resolve(files.id().value());
  }

  /** One directory for each user and each banger, so that two never meet. */
  private Path sharedDirectory(VmmFiles files) {
    return sharedDirectory(files.runDirectory().toAbsolutePath().normalize().resolveSibling(""));
  }

  private Path sharedDirectory(Path runDirectories) {
    return shared.resolve(Directories.memoryName(runDirectories, ProcessCalls.geteuid()));
  }

  /** Everybody may write to the parent: somebody may have made the directory before us. */
  private static void makeOurs(Path directory) throws IOException, BangerException {
    try {
      Files.createDirectory(directory, permissions("rwx------"));
    } catch (FileAlreadyExistsException e) {
      Map<String, Object> wanted =
          Map.of(
              "uid", ProcessCalls.geteuid(),
              "permissions", PosixFilePermissions.fromString("rwx------"),
              "isDirectory", true);
      Map<String, Object> found =
          Files.readAttributes(
              directory, "unix:uid,permissions,isDirectory", LinkOption.NOFOLLOW_LINKS);
      if (!found.equals(wanted)) {
        throw new BangerException(
            ErrorCode.PERMISSION,
            "the directory for guest memory, " + directory + ", is not ours alone",
            "remove it",
            e);
      }
    }
  }

  private static FileAttribute<Set<PosixFilePermission>> permissions(String text) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text));
  }
}
