package dev.banger.image.disk;

import dev.banger.ffm.FileCalls;
import dev.banger.ffm.SystemCallException;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Directory trees: remove, measure, write to the disk. Symbolic links are never followed. */
public final class Trees {
  private static final int BLOCK = 4096;

  private Trees() {}

  /**
   * What a tree needs on a file system with blocks of 4 KiB.
   *
   * @param inodes files, directories and links
   * @param bytes whole blocks of their contents
   */
  public record Usage(long inodes, long bytes) {}

  /** Removes everything; nothing there is fine. */
  public static void remove(Path tree) throws IOException {
    if (!Files.exists(tree, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
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
          public FileVisitResult visitFileFailed(Path file, IOException failure)
              throws IOException {
            if (failure instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw failure;
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

  /** What is in a directory, in the order of the names; nothing when there is none. */
  public static List<Path> list(Path directory) throws BangerException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.sorted().toList();
    } catch (IOException e) {
      throw failure("cannot list " + directory, e);
    }
  }

  /** As {@link #remove}, each. */
  public static void removeAll(List<Path> trees) throws BangerException {
    for (Path tree : trees) {
      try {
        remove(tree);
      } catch (IOException e) {
        throw failure("cannot remove " + tree, e);
      }
    }
  }

  /** Walks the tree. */
  public static Usage measure(Path tree) throws IOException {
    long[] sums = new long[2];
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            sums[0]++;
            sums[1] += Math.ceilDiv(attributes.size(), BLOCK) * BLOCK;
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            sums[0]++;
            sums[1] += Math.max(BLOCK, attributes.size());
            return FileVisitResult.CONTINUE;
          }
        });
    return new Usage(sums[0], sums[1]);
  }

  /**
   * What a tree takes of the host, as du(1) counts: holes take nothing, and a file with two names
   * counts once. What cannot be seen, or goes meanwhile, counts nothing; nor does what is not
   * there.
   */
  public static ByteSize allocated(Path tree) throws BangerException {
    Set<Object> seen = new HashSet<>();
    long[] sum = new long[1];
    try {
      Files.walkFileTree(
          tree.toRealPath(),
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              sum[0] += attributes.isRegularFile() ? once(file, attributes.fileKey()) : 0;
              return FileVisitResult.CONTINUE;
            }

            private long once(Path file, @Nullable Object key) {
              try {
                return key == null || seen.add(key) ? FileCalls.allocated(file) : 0;
              } catch (SystemCallException e) {
                return 0;
              }
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) {
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path directory, @Nullable IOException failure) {
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (NoSuchFileException e) {
      return new ByteSize(0);
    } catch (IOException e) {
      throw failure("cannot look into " + tree, e);
    }
    return new ByteSize(sum[0]);
  }

  /** fsync(2) of a file or directory; links and device nodes need none. */
  static void sync(Path path) throws IOException {
    boolean regular = Files.isRegularFile(path, java.nio.file.LinkOption.NOFOLLOW_LINKS);
    if (!regular && !Files.isDirectory(path, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static final List<String> DENIED =
      List.of("Operation not permitted", "Permission denied", "Read-only file system");

  /** NO_SPACE when the disk is full, PERMISSION when it may not be written, else INTERNAL. */
  public static BangerException failure(String tried, Exception cause) {
    Throwable real = cause instanceof UncheckedIOException ? cause.getCause() : cause;
    String reason =
        real instanceof FileSystemException f && f.getReason() != null
            ? f.getReason()
            : String.valueOf(real == null ? null : real.getMessage());
    boolean full =
        reason.contains("No space left on device") || reason.contains("Disk quota exceeded");
    if (full) {
      return new BangerException(ErrorCode.NO_SPACE, tried, "free some space on that disk", cause);
    }
    boolean denied =
        real instanceof AccessDeniedException || DENIED.stream().anyMatch(reason::contains);
    return denied
        ? new BangerException(ErrorCode.PERMISSION, tried, "check its permissions", cause)
        : new BangerException(ErrorCode.INTERNAL, tried, "see the cause", cause);
  }
}
