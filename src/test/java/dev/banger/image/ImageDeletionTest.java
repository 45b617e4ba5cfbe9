package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.journal.MemoryJournal;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An image that VMs use loses its name at once and its files with the last of them. */
class ImageDeletionTest {
  private static final ImageReference REFERENCE = new ImageReference("tiny", "one");

  @TempDir Path temporary;
  private final List<String> users = new ArrayList<>(List.of("web"));
  private Directories directories;
  private Images images;
  private Image image;

  @BeforeEach
  void pull() throws Exception {
    directories = Directories.of(Map.of(), temporary, false);
    images = open();
    image = images.pull(REFERENCE, Progress.SILENT);
  }

  /** As a daemon that comes after another one. */
  private Images open() throws BangerException {
    return new Images(
        directories,
        List.of(new TinyImageSource(Path.of("/bin/true"), Binaries.ofPath())),
        new OrderedLock(LockRank.IMAGE_OPS, "images"),
        MemoryJournal.journal(),
        Clock.systemUTC());
  }

  @Test
  void oneInUseIsKeptAndItsUsersAreNamed() {
    assertThatThrownBy(() -> images.delete(image, () -> users))
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.IN_USE);
              assertThat(e).hasMessageContaining("web");
              assertThat(e.hint()).contains("--force");
            });
    assertThat(image.deleted()).isFalse();
  }

  @Test
  void byForceItsNameGoesAndItsFilesStayForItsUsers() throws Exception {
    assertThat(images.deleteName(image, () -> users)).containsExactly("web");
    assertThat(images.local(REFERENCE)).isEmpty();
    assertThatThrownBy(() -> images.find(REFERENCE.toString())).isInstanceOf(BangerException.class);
    assertThat(images.byId(image.id()).disk()).exists();
    assertThat(images.find(image.id()).deleted()).isTrue();
    images.collect(_ -> () -> users);
    assertThat(image.disk()).exists();
  }

  @Test
  void itGoesWithItsLastUserAlsoWhenAnotherDaemonSeesThat() throws Exception {
    assertThat(images.deleteName(image, () -> users)).isNotEmpty();
    users.clear();
    Images next = open();
    next.reclaim();
    assertThat(image.disk()).exists();
    next.collect(image.id(), () -> users);
    assertThat(image.directory()).doesNotExist();
    next.collect(image.id(), () -> users); // may be said again
    assertThat(next.list()).isEmpty();
  }

  @Test
  void oneThatNobodyUsesGoesAtOnce() throws Exception {
    assertThat(images.deleteName(image, List::of)).isEmpty();
    assertThat(image.directory()).doesNotExist();
  }

  @Test
  void anImageThatHasItsNameIsNotCollected() throws Exception {
    images.collect(_ -> List::of);
    assertThat(image.disk()).exists();
  }

  @Test
  void aNewImageTakesTheNameAndTheDeletedOneStaysApart() throws Exception {
    assertThat(images.deleteName(image, () -> users)).isNotEmpty();
    Image second = images.resolve(REFERENCE, Progress.SILENT);
    assertThat(second.id()).isNotEqualTo(image.id());
    assertThat(images.local(REFERENCE)).contains(second);
    assertThat(images.prune(false, i -> i.id().equals(image.id()) ? () -> users : List::of))
        .isEmpty();
    assertThat(images.prune(false, _ -> List::of))
        .extracting(p -> p.image().id())
        .containsExactly(image.id());
    assertThat(Files.isDirectory(second.directory())).isTrue();
  }
}
