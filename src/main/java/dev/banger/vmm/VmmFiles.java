package dev.banger.vmm;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.proc.ShimRecords;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/**
 * Where one VM's VMM keeps what; docs/state-dir.md lists it. Logs outlive the VMM, the rest does
 * not.
 */
public record VmmFiles(VmId id, Path runDirectory, Path logDirectory) {
  /** The console, with the older part in a file of the same name and {@code .1}. */
  public Path console() {
    return logDirectory.resolve("console.log");
  }

  /** The VMM's own words, kept like the console. */
  public Path errors() {
    return logDirectory.resolve("vmm.log");
  }

  /** Leads to the guest's agent. */
  public Path channel() {
    return runDirectory.resolve("agent.sock");
  }

  /** Leads to the VMM itself. */
  public Path control() {
    return runDirectory.resolve("vmm.sock");
  }

  /** Leads to the shim: the guest's serial line. */
  public Path line() {
    return runDirectory.resolve("console.sock");
  }

  /** Where a log of the start before is. */
  public static Path previous(Path log) {
    return log.resolveSibling("previous-" + log.getFileName());
  }

  private List<Path> sockets() {
    return List.of(channel(), control(), line());
  }

  /** Paths that a Unix socket cannot have. */
  void checkLength() throws BangerException {
    for (Path socket : sockets()) {
      int length = socket.toString().getBytes(StandardCharsets.UTF_8).length;
      if (length > Directories.SOCKET_PATH_LIMIT) {
        throw new BangerException(
            ErrorCode.INVALID,
            "the path of the socket "
                + socket
                + " has "
                + length
                + " bytes, more than the "
                + Directories.SOCKET_PATH_LIMIT
                + " that a Unix socket can have",
            "choose a shorter data directory (--data-dir, BANGER_HOME or XDG_RUNTIME_DIR)");
      }
    }
  }

  /** Throws WRONG_STATE while the VMM, or its shim, of an earlier start runs. */
  public void refuseSecondStart() throws BangerException {
    Optional<ShimRecords.Started> earlier = ShimRecords.started(runDirectory);
    if (earlier.isPresent()
        && (earlier.get().program().verify() || earlier.get().shim().verify())) {
      throw new BangerException(
          ErrorCode.WRONG_STATE,
          "the VM " + id + " has a running VMM already (pid " + earlier.get().program().pid() + ")",
          "stop or kill it first");
    }
  }

  /**
   * Makes the directories, for their owner alone, forgets what an earlier run left in them, and
   * puts its logs aside: those of a run hold nothing else.
   */
  public void prepare() throws BangerException {
    for (Path directory : List.of(runDirectory, logDirectory)) {
      make(directory);
    }
    removeRunFiles();
    putAside(console());
    putAside(errors());
  }

  private static void putAside(Path log) throws BangerException {
    try {
      if (Files.exists(log)) {
        Files.deleteIfExists(times(previous(log)));
        Files.move(log, previous(log), StandardCopyOption.REPLACE_EXISTING);
        if (Files.exists(times(log))) {
          Files.move(times(log), times(previous(log)));
        }
      }
    } catch (IOException e) {
      throw cannotRemove(log, e);
    }
    delete(older(log));
    delete(times(older(log)));
  }

  /** When what of a log was written, by the shim. */
  private static Path times(Path log) {
    return log.resolveSibling(log.getFileName() + ".times");
  }

  private static void make(Path directory) throws BangerException {
    if (Files.isDirectory(directory)) {
      return;
    }
    try {
      var owner = PosixFilePermissions.fromString("rwx------");
      Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(owner));
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "cannot make the directory " + directory,
          "check its parent's permissions and free space",
          e);
    }
  }

  private static Path older(Path log) {
    return log.resolveSibling(log.getFileName() + ".1");
  }

  /** Removes sockets and records, and the run directory when it is empty then; logs stay. */
  public void remove() throws BangerException {
    removeRunFiles();
    try {
      Files.deleteIfExists(runDirectory);
    } catch (DirectoryNotEmptyException e) {
      // Somebody else keeps files there.
    } catch (IOException e) {
      throw cannotRemove(runDirectory, e);
    }
  }

  private void removeRunFiles() throws BangerException {
    for (Path socket : sockets()) {
      delete(socket);
    }
    try {
      ShimRecords.remove(runDirectory);
    } catch (IOException e) {
      throw cannotRemove(runDirectory, e);
    }
  }

  private static void delete(Path file) throws BangerException {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw cannotRemove(file, e);
    }
  }

  private static BangerException cannotRemove(Path file, IOException e) {
    return new BangerException(
        ErrorCode.PERMISSION, "cannot remove " + file, "check its directory's permissions", e);
  }
}
