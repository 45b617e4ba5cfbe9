package dev.banger.daemon;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/** One daemon a data directory: held for the daemon's life, gone with its process. */
final class DirectoryLock implements AutoCloseable {
  private final FileChannel channel;

  private DirectoryLock(FileChannel channel) {
    this.channel = channel;
  }

  static DirectoryLock take(Directories directories) throws BangerException {
    Path file = directories.data().resolve("daemon.lock");
    try {
      Files.createDirectories(
          directories.data(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Files.setPosixFilePermissions(
          directories.data(), PosixFilePermissions.fromString("rwx------"));
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (tryLock(channel) == null) {
        channel.close();
        throw new BangerException(
            ErrorCode.IN_USE,
            "another daemon has the data directory " + directories.data(),
            "`banger daemon stop` ends it");
      }
      return new DirectoryLock(channel);
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION,
          "cannot use the data directory " + directories.data(),
          "check its permissions and space, or set BANGER_HOME",
          e);
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null; // a daemon in this very process
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
