package dev.banger.image.disk;

import dev.banger.journal.Step;
import dev.banger.journal.StepKind;
import dev.banger.journal.Steps;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.List;
import java.util.stream.Stream;

/**
 * A directory that is being filled. It gets its final name when it is whole and on the disk, or is
 * removed with the steps it belongs to: nobody ever sees half of it. Belongs to one thread.
 */
public final class Publication {
  /** Begins the name of what is not whole yet. */
  public static final String PREFIX = ".new-";

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final FileAttribute<?> PRIVATE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path directory;

  private Publication(Path directory) {
    this.directory = directory;
  }

  /** Begins beside what is already published below {@code parent}. */
  public static Publication begin(Steps steps, StepKind kind, Path parent)
      throws BangerException, InterruptedException {
    Path directory = unpublished(parent);
    steps.take(Step.of(kind, steps.owner(), directory), () -> make(directory));
    return new Publication(directory);
  }

  /** A name that nobody else has, and that is no published one. */
  public static Path unpublished(Path parent) {
    return parent.resolve(PREFIX + Long.toHexString(RANDOM.nextLong()));
  }

  private static void make(Path directory) throws BangerException {
    try {
      Files.createDirectories(directory.resolveSibling("."));
      Files.createDirectory(directory, PRIVATE);
    } catch (IOException e) {
      throw Trees.failure("cannot make " + directory, e);
    }
  }

  /** Removes the directory of {@link #begin} or {@link #withdraw}, unless it was published. */
  public static void undo(Step step) throws BangerException {
    Path directory = step.path(0);
    if (!directory.getFileName().toString().startsWith(PREFIX)) {
      throw new IllegalArgumentException(directory + " was never unpublished");
    }
    try {
      Trees.remove(directory);
    } catch (IOException e) {
      throw Trees.failure("cannot remove " + directory, e);
    }
  }

  /** All that is not published now. */
  public static List<Path> unfinished(Path parent) throws BangerException {
    return Trees.list(parent).stream()
        .filter(p -> p.getFileName().toString().startsWith(PREFIX))
        .toList();
  }

  /** The published directories, in the order of their names. */
  public static List<Path> published(Path parent) throws BangerException {
    return Trees.list(parent).stream()
        .filter(Files::isDirectory)
        .filter(d -> !d.getFileName().toString().startsWith("."))
        .toList();
  }

  /** Takes a published directory out of sight at once; it is removed when the steps are closed. */
  public static void withdraw(Steps steps, StepKind kind, Path published)
      throws BangerException, InterruptedException {
    Path hidden = unpublished(published.toAbsolutePath().resolveSibling(""));
    steps.take(Step.of(kind, steps.owner(), hidden), () -> hide(published, hidden));
  }

  private static void hide(Path published, Path hidden) throws BangerException {
    try {
      Files.move(published, hidden, StandardCopyOption.ATOMIC_MOVE);
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
      Trees.sync(target.resolveSibling("."));
      return target;
    } catch (IOException e) {
      throw Trees.failure("cannot publish " + target, e);
    }
  }

  /** Writes one file beside its final name, then renames it; a VMM of another uid may read it. */
  public static void writeFile(Path file, byte[]... parts) throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw new IOException(file + " is no file name");
    }
    Files.createDirectories(parent);
    Path beside = Files.createTempFile(parent, PREFIX, "");
    try {
      try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
        for (byte[] part : parts) {
          ByteBuffer bytes = ByteBuffer.wrap(part);
          while (bytes.hasRemaining()) {
            channel.write(bytes);
          }
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
