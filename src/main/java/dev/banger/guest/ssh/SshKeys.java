package dev.banger.guest.ssh;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * All keys of SSH that the daemon has, in one directory that is its owner's alone: its own key, and
 * its authority for host keys.
 */
public final class SshKeys {
  private final Path directory;
  private final DaemonKey client;
  private final DaemonKey authority;

  public SshKeys(Path directory) {
    this.directory = directory;
    this.client = new DaemonKey(directory);
    this.authority = DaemonKey.authority(directory);
  }

  Path directory() {
    return directory;
  }

  /** The key by which the daemon's owner logs in. */
  public DaemonKey client() {
    return client;
  }

  /** Both are others from now on; connections that are open stay. */
  public void rotate() throws BangerException {
    authority.rotate();
    client.rotate();
  }

  DaemonKey authority() {
    return authority;
  }

  /** Nobody but the owner may change what stands there; OpenSSH wants that, too. */
  void requirePrivate() throws BangerException {
    try {
      Set<?> permissions = Files.getPosixFilePermissions(directory);
      if (!PosixFilePermissions.fromString("rwx------").containsAll(permissions)) {
        throw new BangerException(
            ErrorCode.PERMISSION,
            "others than its owner may use " + directory + ", where the daemon's SSH keys are",
            "chmod 700 " + directory);
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot look at " + directory, "check its permissions", e);
    }
  }
}
