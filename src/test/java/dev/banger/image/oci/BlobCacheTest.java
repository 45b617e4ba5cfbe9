package dev.banger.image.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.ByteSize;
import java.io.ByteArrayInputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlobCacheTest {
  @TempDir Path dir;

  private Path file(Digest digest) {
    return dir.resolve("sha256").resolve(digest.hex());
  }

  private static BlobCache at(Path directory) {
    return new BlobCache(directory, Clock.systemUTC(), OciTesting.QUICK);
  }

  private static Descriptor blob(int content) {
    byte[] bytes = new byte[] {(byte) content, 0, 0, 0};
    return Descriptor.of("x", Digest.of(Digest.Algorithm.SHA256, bytes), bytes.length);
  }

  private Digest keep(BlobCache cache, int content, int hoursAgo) throws Exception {
    Descriptor blob = blob(content);
    cache.obtain(
        blob,
        (b, offset) ->
            new BlobSource.Incoming(
                0, new ByteArrayInputStream(new byte[] {(byte) content, 0, 0, 0})),
        arrived -> {});
    age(file(blob.digest()), hoursAgo);
    return blob.digest();
  }

  private static void age(Path file, int hours) throws Exception {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(hours))));
  }

  /** So that what has just been verified is not read once more. */
  @Test
  void onlyWhoDownloadedABlobKnowsItsContent() throws Exception {
    BlobCache cache = at(dir);
    BlobSource source =
        (b, offset) ->
            new BlobSource.Incoming(0, new ByteArrayInputStream(new byte[] {1, 0, 0, 0}));
    assertThat(cache.obtain(blob(1), source, arrived -> {})).isTrue();
    assertThat(cache.obtain(blob(1), source, arrived -> {})).isFalse();
    Files.write(file(blob(1).digest()), new byte[4]);
    assertThat(cache.obtain(blob(1), source, arrived -> {})).isFalse();
    assertThatThrownBy(() -> cache.requireRight(blob(1).digest()))
        .hasMessageContaining("is damaged");
  }

  @Test
  void whatWasUsedLongestAgoGoesFirstAndWhatIsInUseStays() throws Exception {
    BlobCache cache = at(dir);
    Digest oldest = keep(cache, 1, 9);
    Digest old = keep(cache, 2, 8);
    Digest used = keep(cache, 3, 10);
    Digest fresh = keep(cache, 4, 0);
    cache.pin(used);
    assertThat(cache.usage()).isEqualTo(new BlobCache.Usage(4, new ByteSize(16)));
    assertThat(cache.prune(new ByteSize(12)).blobs()).isEqualTo(1);
    assertThat(file(oldest)).doesNotExist();
    assertThat(file(old)).exists();
    cache.has(blob(2)); // It counts as used now.
    cache.prune(new ByteSize(8));
    assertThat(cache.usage().blobs()).isEqualTo(2);
    assertThat(file(used)).exists();
    cache.unpin(used);
    cache.prune(new ByteSize(0));
    assertThat(cache.usage().blobs()).isZero();
    assertThat(file(fresh)).doesNotExist();
  }

  @Test
  void whatNobodyContinuesGoesAfterAWeek() throws Exception {
    Files.createDirectories(dir.resolve("sha256"));
    Path left =
        Files.writeString(dir.resolve("sha256/" + blob(1).digest().hex() + ".partial"), "x");
    Path young =
        Files.writeString(dir.resolve("sha256/" + blob(2).digest().hex() + ".partial"), "x");
    age(left, 8 * 24);
    at(dir).prune(ByteSize.gib(1));
    assertThat(left).doesNotExist();
    assertThat(young).exists();
  }

  @Test
  void whatAnotherDaemonDownloadsStays() throws Exception {
    Files.createDirectories(dir.resolve("sha256"));
    Path partial =
        Files.writeString(dir.resolve("sha256/" + blob(1).digest().hex() + ".partial"), "x");
    try (FileChannel other = FileChannel.open(partial, StandardOpenOption.WRITE)) {
      assertThat(other.lock()).isNotNull(); // To this JVM, one held twice is as another's.
      assertThat(at(dir).prune(new ByteSize(0)).blobs()).isZero();
      assertThat(partial).exists();
    }
    assertThat(at(dir).prune(new ByteSize(0)).blobs()).isEqualTo(1);
    assertThat(partial).doesNotExist();
  }

  @Test
  void aFileThatACrashLeftTooShortIsDownloadedAgain() throws Exception {
    BlobCache cache = at(dir);
    Digest digest = keep(cache, 1, 0);
    Files.write(file(digest), new byte[2]);
    assertThat(cache.has(blob(1))).isFalse();
    keep(cache, 1, 0);
    assertThat(file(digest)).hasSize(4);
  }
}
