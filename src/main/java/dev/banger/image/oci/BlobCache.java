package dev.banger.image.oci;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.image.disk.FileSum;
import dev.banger.image.disk.Trees;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Layers and configs by digest, shared by all images: {@code sha256/HEX} is whole, {@code
 * sha256/HEX.partial} is on its way, and where it was left, the next download of it goes on. A file
 * whose length is wrong (a crash of the host) is no blob. Several daemons may share the directory.
 */
public final class BlobCache {
  private static final String PARTIAL = ".partial";
  private static final Duration STALE = Duration.ofDays(7);
  private static final Duration OTHERS_TICK = Duration.ofMillis(200);
  private static final Duration OTHERS_LIMIT = Duration.ofHours(2);

  private final Path directory;
  private final RetryPolicy retry;
  private final Clock clock;
  private final LeafLock lock = new LeafLock("blob cache");

  @GuardedBy("lock")
  private final Map<Digest, CountDownLatch> arriving = new HashMap<>();

  @GuardedBy("lock")
  private final Map<Digest, Integer> pins = new HashMap<>();

  /**
   * What the cache holds, or what left it.
   *
   * @param blobs how many, unfinished ones included
   */
  public record Usage(int blobs, ByteSize size) {}

  private record Entry(Path file, long size, Instant used) {}

  /**
   * @param directory need not exist yet
   */
  public BlobCache(Path directory, Clock clock) {
    this(directory, clock, RetryPolicy.USUAL);
  }

  BlobCache(Path directory, Clock clock, RetryPolicy retry) {
    this.directory = directory;
    this.clock = clock;
    this.retry = retry;
  }

  private Path file(Digest digest) {
    return directory.resolve(digest.algorithm().label()).resolve(digest.hex());
  }

  private Path partial(Digest digest) {
    return file(digest).resolveSibling(digest.hex() + PARTIAL);
  }

  /** Nothing removes the blob, which may not be here yet, until it is unpinned as often. */
  void pin(Digest digest) {
    lock.lock();
    try {
      pins.merge(digest, 1, Integer::sum);
    } finally {
      lock.unlock();
    }
  }

  void unpin(Digest digest) {
    lock.lock();
    try {
      pins.computeIfPresent(digest, (d, count) -> count == 1 ? null : count - 1);
    } finally {
      lock.unlock();
    }
  }

  InputStream open(Digest digest) throws IOException {
    return Files.newInputStream(file(digest));
  }

  /** A small one. */
  byte[] read(Descriptor blob) throws BangerException {
    try {
      byte[] content = Files.readAllBytes(file(blob.digest()));
      if (!blob.digest().matches(content)) {
        discard(blob.digest());
        throw damaged(blob.digest());
      }
      return content;
    } catch (IOException e) {
      throw Trees.failure("cannot read " + file(blob.digest()), e);
    }
  }

  /** CORRUPT, and the blob is gone, unless its whole content is right. */
  void requireRight(Digest digest) throws BangerException, InterruptedException {
    MessageDigest sum = digest.algorithm().begin();
    try {
      FileSum.add(sum, file(digest), read -> {});
    } catch (IOException e) {
      throw Trees.failure("cannot read " + file(digest), e);
    }
    if (!Digest.ended(digest.algorithm(), sum.digest()).equals(digest)) {
      discard(digest);
      throw damaged(digest);
    }
  }

  private BangerException damaged(Digest digest) {
    return new BangerException(
        ErrorCode.CORRUPT,
        file(digest) + " is damaged",
        "it is removed; try again, and look after the disk");
  }

  /** Its content turned out wrong. */
  void discard(Digest digest) {
    try {
      Files.deleteIfExists(file(digest));
    } catch (IOException e) {
      // The next one who reads it finds it wrong again.
    }
  }

  /** Whether it is here; then it counts as used now. */
  boolean has(Descriptor blob) throws BangerException {
    Path file = file(blob.digest());
    try {
      if (Files.size(file) == blob.size()) {
        Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
        return true;
      }
      Files.deleteIfExists(file);
      return false;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw Trees.failure("cannot look at " + file, e);
    }
  }

  /**
   * Returns when the blob is here. One that another pull downloads is waited for.
   *
   * @param arrived told how many bytes more are here; less than 0 when some turned out useless
   * @return whether its whole content is known to be right: this call has downloaded it; what was
   *     here already is known by its name and length only
   */
  @CanIgnoreReturnValue
  boolean obtain(Descriptor blob, BlobSource source, LongConsumer arrived)
      throws BangerException, InterruptedException {
    while (!has(blob)) {
      CountDownLatch mine = new CountDownLatch(1);
      CountDownLatch other = enter(blob.digest(), mine);
      if (other != null) {
        other.await();
        continue;
      }
      try {
        return download(blob, source, arrived);
      } finally {
        leave(blob.digest());
        mine.countDown();
      }
    }
    arrived.accept(blob.size());
    return false;
  }

  private @Nullable CountDownLatch enter(Digest digest, CountDownLatch mine) {
    lock.lock();
    try {
      return arriving.putIfAbsent(digest, mine);
    } finally {
      lock.unlock();
    }
  }

  private void leave(Digest digest) {
    lock.lock();
    try {
      arriving.remove(digest);
    } finally {
      lock.unlock();
    }
  }

  private boolean download(Descriptor blob, BlobSource source, LongConsumer arrived)
      throws BangerException, InterruptedException {
    Path partial = partial(blob.digest());
    try {
      Files.createDirectories(partial.resolveSibling("."));
      try (FileChannel file =
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        awaitOtherDaemons(file, partial);
        if (has(blob)) { // Then this is the very file that another daemon has published.
          arrived.accept(blob.size());
          return false;
        }
        complete(blob, source, arrived, file, partial);
        return true;
      }
    } catch (ClosedByInterruptException e) {
      Thread.interrupted();
      throw new InterruptedException("while a layer was written");
    } catch (IOException e) {
      throw Trees.failure("cannot keep a layer in " + directory, e);
    }
  }

  private void complete(
      Descriptor blob, BlobSource source, LongConsumer arrived, FileChannel file, Path partial)
      throws BangerException, InterruptedException, IOException {
    try {
      new BlobDownload(blob, source, retry, arrived, file).run();
    } catch (BangerException e) {
      if (e.code() == ErrorCode.CORRUPT || file.size() == 0) {
        Files.deleteIfExists(partial);
      }
      throw e;
    }
    Files.move(partial, file(blob.digest()), StandardCopyOption.ATOMIC_MOVE);
  }

  private static void awaitOtherDaemons(FileChannel file, Path partial)
      throws BangerException, InterruptedException, IOException {
    long deadline = System.nanoTime() + OTHERS_LIMIT.toNanos();
    while (!isMine(file)) {
      if (System.nanoTime() - deadline > 0) {
        throw new BangerException(
            ErrorCode.TIMEOUT,
            "another daemon has held " + partial + " for " + OTHERS_LIMIT.toHours() + " hours",
            "see what it does, or stop it");
      }
      Thread.sleep(OTHERS_TICK);
    }
  }

  private static boolean isMine(FileChannel file) throws IOException {
    try {
      return file.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** All that is here. */
  public Usage usage() throws BangerException {
    List<Entry> entries = entries();
    return new Usage(entries.size(), new ByteSize(entries.stream().mapToLong(Entry::size).sum()));
  }

  /**
   * Removes blobs until no more than {@code most} is left, those first that were used longest ago,
   * and what nobody has continued to download for a week. What an image in use needs stays.
   *
   * @return what is gone
   */
  public Usage prune(ByteSize most) throws BangerException {
    List<Entry> entries = new ArrayList<>(entries());
    entries.sort(Comparator.comparing(Entry::used));
    long left = entries.stream().mapToLong(Entry::size).sum();
    int count = 0;
    long freed = 0;
    Instant stale = clock.instant().minus(STALE);
    for (Entry entry : entries) {
      boolean partial = entry.file().toString().endsWith(PARTIAL);
      boolean unwanted = left > most.bytes() || (partial && entry.used().isBefore(stale));
      if (unwanted && removed(entry.file(), partial)) {
        count++;
        freed += entry.size();
        left -= entry.size();
      }
    }
    return new Usage(count, new ByteSize(freed));
  }

  /** Under the lock, so that nobody pins or continues it meanwhile. */
  private boolean removed(Path file, boolean partial) throws BangerException {
    String hex = file.getFileName().toString().replace(PARTIAL, "");
    lock.lock();
    try {
      boolean used =
          pins.keySet().stream().anyMatch(d -> d.hex().equals(hex))
              || (partial && arriving.keySet().stream().anyMatch(d -> d.hex().equals(hex)));
      return !used && (partial ? removedUnlessHeld(file) : Files.deleteIfExists(file));
    } catch (IOException e) {
      throw Trees.failure("cannot remove " + file, e);
    } finally {
      lock.unlock();
    }
  }

  /** Not while another daemon downloads it; we do not, so no lock of ours is lost here. */
  private static boolean removedUnlessHeld(Path partial) throws IOException {
    try (FileChannel file = FileChannel.open(partial, StandardOpenOption.WRITE)) {
      return isMine(file) && Files.deleteIfExists(partial);
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private List<Entry> entries() throws BangerException {
    List<Entry> entries = new ArrayList<>();
    for (Digest.Algorithm algorithm : Digest.Algorithm.values()) {
      for (Path file : Trees.list(directory.resolve(algorithm.label()))) {
        try {
          BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
          entries.add(
              new Entry(file, attributes.size(), attributes.lastModifiedTime().toInstant()));
        } catch (NoSuchFileException e) {
          // It was removed, or finished and renamed, meanwhile.
        } catch (IOException e) {
          throw Trees.failure("cannot look at " + file, e);
        }
      }
    }
    return entries;
  }
}
