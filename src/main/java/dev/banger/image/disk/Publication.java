package dev.banger.image.disk;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;

/**
 * A directory that is being filled. It gets its final name when it is whole and on the disk, or is
 * removed: nobody ever sees half of it. Belongs to one thread.
 */
public final class Publication implements AutoCloseable {
  /** Begins the name of what is not whole yet. */
  public static final String PREFIX = ".new-";

  private final Path directory;
  private boolean published;

  private Publication(Path directory) {
    this.directory = directory;
  }

  /** Begins beside what is already published below {@code parent}. */
  public static Publication begin(Path parent) throws BangerException {
    try {
      Files.createDirectories(parent);
      return new Publication(Files.createTempDirectory(parent, PREFIX));
    } catch (IOException e) {
      throw Trees.failure("cannot make a directory in " + parent, e);
    }
  }

  /** Removes what a crash left half done; nothing may be under way. */
  public static void reclaim(Path parent) throws BangerException {
    if (!Files.isDirectory(parent)) {
      return;
    }
    try (DirectoryStream<Path> left = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path directory : left) {
        Trees.remove(directory);
      }
    } catch (IOException e) {
      throw Trees.failure("cannot remove what was left in " + parent, e);
    }
  }

  /** The published directories, in the order of their names. */
  public static List<Path> published(Path parent) throws BangerException {
    if (!Files.isDirectory(parent)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(parent)) {
      return entries
          .filter(Files::isDirectory)
          .filter(d -> !d.getFileName().toString().startsWith("."))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw Trees.failure("cannot list " + parent, e);
    }
  }

  /** Takes a published directory out of sight at once, then removes it. */
  public static void withdraw(Path published) throws BangerException {
    try {
      Path parent = published.toAbsolutePath().getParent();
      if (parent == null) {
        throw new IOException("it has no parent directory");
      }
      Path hidden = Files.createTempDirectory(parent, PREFIX);
      Files.move(published, hidden, StandardCopyOption.ATOMIC_MOVE);
      Trees.remove(hidden);
    } catch (IOException e) {
      throw Trees.failure("cannot delete " + published, e);
    }
  }

  /** Where the files go until then. */
  public Path directory() {
    return directory;
  }

  /** Writes everything to the disk; slow, so before taking a lock. */
  public void sync() throws BangerException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path path : (Iterable<Path>) files::iterator) {
        Trees.sync(path);
      }
    } catch (IOException e) {
      throw Trees.failure("cannot write " + directory + " to the disk", e);
    }
  }

  /** Gives it its name, below the same parent; call {@link #sync} before. */
  public Path publish(String name) throws BangerException {
    Path target = directory.resolveSibling(name);
    if (Files.exists(target)) {
      throw new BangerException(
          ErrorCode.ALREADY_EXISTS, target + " is there already", "delete it first");
    }
    try {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
      published = true;
      Trees.sync(target.resolveSibling("."));
      return target;
    } catch (IOException e) {
      throw Trees.failure("cannot publish " + target, e);
    }
  }

  @Override
  public void close() throws BangerException {
    if (!published) {
      try {
        Trees.remove(directory);
      } catch (IOException e) {
        throw Trees.failure("cannot remove " + directory, e);
      }
    }
  }

  /** Writes one file beside its final name, then renames it; a VMM of another uid may read it. */
  public static void writeFile(Path file, byte[] content) throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IOException(file + " is no file name");
    }
    Files.createDirectories(parent);
    Path beside = Files.createTempFile(parent, PREFIX, "");
    try {
      try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
        java.nio.ByteBuffer bytes = java.nio.ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("rw-r--r--"));
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
      Trees.sync(parent);
    } finally {
      Files.deleteIfExists(beside);
    }
  }
}
