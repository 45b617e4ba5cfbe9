package dev.banger.vmm.qemu;

import dev.banger.ffm.FileSystemCalls;
import dev.banger.ffm.ProcessCalls;
import dev.banger.ffm.SystemCallException;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.Undo;
import dev.banger.vmm.VmmFiles;
import dev.banger.vmm.VmmSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;

/**
 * The guests' RAM: a sparse file each, on a tmpfs, so that a snapshot costs milliseconds. In the
 * run directory where that is a tmpfs with room, else in a directory of ours on the shared one.
 */
final class GuestMemory {
  private static final String IN_RUN_DIRECTORY = "memory";
  private static final int HASH_DIGITS = 12;

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
  Path create(VmmSpec spec, ByteSize size, Undo undo) throws BangerException {
    Path file = place(spec);
    try {
      if (!file.startsWith(spec.runDirectory())) {
        makeOurs(sharedDirectory(spec.files()));
      }
      Files.deleteIfExists(file);
      Files.createFile(file, permissions("rw-------"));
      undo.add("guest memory " + file, () -> remove(spec.files()));
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

  /** Removes the file wherever it is; there may be none. */
  void remove(VmmFiles files) throws BangerException {
    Path mine = sharedFile(files);
    try {
      Files.deleteIfExists(files.runDirectory().resolve(IN_RUN_DIRECTORY));
      if (Files.deleteIfExists(mine)) {
        deleteIfEmpty(sharedDirectory(files));
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot remove the guest memory " + mine, "remove it by hand", e);
    }
  }

  private static void deleteIfEmpty(Path directory) {
    try {
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      // Other VMs have their memory there.
    }
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
    Path home = files.runDirectory().toAbsolutePath().normalize().resolveSibling("");
    return shared.resolve("banger-" + ProcessCalls.geteuid() + "-" + hash(home.toString()));
  }

  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest).substring(0, HASH_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
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
