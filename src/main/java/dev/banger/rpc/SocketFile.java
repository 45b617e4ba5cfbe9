package dev.banger.rpc;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A listening socket, and beside it {@code <socket>.lock}, held as long as the server lives: who
 * holds the lock owns the path, so a socket file without a holder is stale. The lock file stays.
 */
final class SocketFile implements AutoCloseable {
  private final Path path;
  private final FileChannel lockFile;
  private final ServerSocketChannel channel;

  private SocketFile(Path path, FileChannel lockFile, ServerSocketChannel channel) {
    this.path = path;
    this.lockFile = lockFile;
    this.channel = channel;
  }

  ServerSocketChannel channel() {
    return channel;
  }

  /**
   * Checks what unix(7) allows.
   *
   * @throws BangerException when the path does not fit into an address
   */
  static UnixDomainSocketAddress address(Path path) throws BangerException {
    int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
    if (length > Directories.SOCKET_PATH_LIMIT) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot use the socket "
              + path
              + ": its path has "
              + length
              + " bytes, and Linux allows "
              + Directories.SOCKET_PATH_LIMIT,
          "choose a shorter directory with BANGER_HOME or XDG_RUNTIME_DIR");
    }
    return UnixDomainSocketAddress.of(path);
  }

  /**
   * Makes the directory when missing, sets its rights, replaces a stale socket.
   *
   * @param forGroup socket and directory are open to the group as well, not to the owner alone
   */
  static SocketFile bind(Path path, boolean forGroup) throws BangerException {
    UnixDomainSocketAddress address = address(path);
    try {
      makeDirectory(path.resolveSibling(".").normalize(), forGroup);
      FileChannel lockFile = lock(path);
      try {
        Files.deleteIfExists(path);
        return new SocketFile(path, lockFile, bind(address, forGroup));
      } catch (IOException e) {
        lockFile.close();
        throw e;
      }
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot listen on " + path,
          "check the rights and the space of its directory",
          e);
    }
  }

  private static ServerSocketChannel bind(UnixDomainSocketAddress address, boolean forGroup)
      throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.bind(address, 128);
      Files.setPosixFilePermissions(
          address.getPath(), permissions(forGroup ? "rw-rw----" : "rw-------"));
      return channel;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static void makeDirectory(Path directory, boolean forGroup) throws IOException {
    Set<PosixFilePermission> rights = permissions(forGroup ? "rwxr-x---" : "rwx------");
    Files.createDirectories(directory);
    if (!Files.getPosixFilePermissions(directory).equals(rights)) {
      Files.setPosixFilePermissions(directory, rights);
    }
  }

  private static FileChannel lock(Path path) throws IOException, BangerException {
    FileChannel channel =
        FileChannel.open(
            path.resolveSibling(path.getFileName() + ".lock"),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(permissions("rw-------")));
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return channel;
      }
    } catch (OverlappingFileLockException _) {
      // A server in this very process: as good as another one.
    }
    channel.close();
    throw new BangerException(
        ErrorCode.IN_USE,
        "cannot listen on " + path + ": a daemon serves it already",
        "use that one, or end it with `banger daemon stop`");
  }

  private static Set<PosixFilePermission> permissions(String text) {
    return PosixFilePermissions.fromString(text);
  }

  /** No new connection from here on; the lock, and with it the path, is still ours. */
  void stopListening() throws IOException {
    channel.close();
    Files.deleteIfExists(path);
  }

  @Override
  public void close() throws IOException {
    try {
      stopListening();
    } finally {
      lockFile.close();
    }
  }
}
