package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.image.disk.Users;
import dev.banger.journal.MemoryJournal;
import dev.banger.journal.Steps;
import dev.banger.lock.LockRank;
import dev.banger.lock.OrderedLock;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Progress;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImagesTest {
  private static final ImageDefaults DEFAULTS =
      new ImageDefaults(
          List.of("sh", "-c", "a b\nc\\n"),
          List.of("sh", "-c"),
          true,
          List.of("A=1"),
          "me",
          "/work",
          "SIGINT",
          List.of("80/tcp"),
          List.of("/data"));

  @TempDir Path temporary;
  private final Binaries binaries = Binaries.ofPath();
  private final SlowSource slow = new SlowSource();
  private Directories directories;
  private Images images;

  /** Writes half a disk, waits until the test lets it go on, writes the rest. */
  private final class SlowSource implements ImageSource {
    final Semaphore goOn = new Semaphore(0);
    final AtomicInteger pulls = new AtomicInteger();
    final List<Path> disks = new CopyOnWriteArrayList<>();
    Optional<String> digest = Optional.empty();

    @Override
    public String name() {
      return "slow";
    }

    @Override
    public boolean accepts(ImageReference reference) {
      return reference.name().equals("slow");
    }

    @Override
    public Optional<String> digest(ImageReference reference, Progress progress) {
      return digest;
    }

    @Override
    public Pulled pull(ImageReference reference, Path disk, Steps scratch, Progress progress)
        throws BangerException, InterruptedException {
      try {
        Files.writeString(disk, "half");
        pulls.incrementAndGet();
        disks.add(disk);
        goOn.acquire();
        if (reference.tag().equals("command")) {
          Command.of(binaries, new Tool("sleep", "coreutils"), "1000").run();
        }
        Files.writeString(disk, "whole");
        return new Pulled("test", "0", new UUID(1, 2), true, DEFAULTS);
      } catch (IOException e) {
        throw new BangerException(ErrorCode.INTERNAL, "cannot write", "", e);
      }
    }
  }

  @BeforeEach
  void emptyDirectories() throws BangerException {
    directories = Directories.of(Map.of(), temporary, false);
    images =
        new Images(
            directories,
            List.of(slow, new TinyImageSource(Path.of("/bin/true"), binaries)),
            new OrderedLock(LockRank.IMAGE_OPS, "images"),
            MemoryJournal.journal(),
            Clock.systemUTC());
  }

  private Thread pulling(ImageReference reference, List<Throwable> thrown) {
    return Thread.ofVirtual()
        .start(() -> {
          try {
            images.pull(reference, Progress.SILENT);
          } catch (Exception e) {
            thrown.add(e);
          }
        });
  }

  @Test
  void pulledImageIsFoundAgainAsItWas() throws Exception {
    slow.goOn.release(10);
    ImageReference reference = ImageReference.parse("slow:one");
    Image image = images.resolve(reference, Progress.SILENT);
    assertThat(image.defaults().command()).containsExactly("sh", "-c", "a b\nc\\n");
    assertThat(image.defaults().environment()).containsExactly("A=1");
    assertThat(image.source()).isEqualTo("slow");
    assertThat(image.disk()).hasContent("whole");
    assertThat(images.list()).containsExactly(image);
    assertThat(images.resolve(reference, Progress.SILENT)).isEqualTo(image);
    assertThat(slow.pulls).hasValue(1);
    Image newer = images.pull(reference, Progress.SILENT);
    assertThat(images.find("slow:one")).isEqualTo(newer).isNotEqualTo(image);
    assertThat(images.find(image.id())).isEqualTo(image);
    images.delete(newer, List::of);
    assertThat(images.local(reference)).as("the older one has lost its name").isEmpty();
    assertThatThrownBy(() -> images.delete(newer, List::of)).hasMessageContaining("any more");
  }

  @Test
  void theNameGoesToTheNewestAndTheOlderImageStaysWithoutOne() throws Exception {
    slow.goOn.release(10);
    ImageReference reference = ImageReference.parse("slow:one");
    Image older = images.pull(reference, Progress.SILENT);
    Image newer = images.pull(reference, Progress.SILENT);
    assertThat(older.shownName()).isEqualTo("<none>");
    assertThat(newer.shownName()).isEqualTo("slow:one");
    assertThat(older.deleted()).isFalse();
    Files.delete(older.directory().resolve("nameless")); // as a crash in between leaves it
    emptyDirectories();
    images.reclaim();
    assertThat(older.named()).isFalse();
    assertThat(images.local(reference)).contains(newer);
    images.delete(newer, List::of);
    assertThat(images.list()).containsExactly(older);
    assertThat(images.local(reference)).isEmpty();
  }

  @Test
  void whatIsHereAlreadyIsNotMadeAnew() throws Exception {
    slow.goOn.release(10);
    slow.digest = Optional.of("0");
    ImageReference reference = ImageReference.parse("slow:one");
    Image image = images.pull(reference, Progress.SILENT);
    List<String> stages = new ArrayList<>();
    Progress progress =
        new Progress() {
          @Override
          public void stage(String name) {
            stages.add(name);
          }

          @Override
          public void bytes(long done, long total) {}
        };
    assertThat(images.pull(reference, progress)).isEqualTo(image);
    assertThat(stages).containsExactly("is up to date");
    assertThat(slow.pulls).hasValue(1);
    slow.digest = Optional.of("1");
    assertThat(images.pull(reference, Progress.SILENT)).isNotEqualTo(image);
    assertThat(slow.pulls).hasValue(2);
  }

  @Test
  void nothingIsSeenBeforeItIsWholeAndNothingIsLeftOfACancelledOne() throws Exception {
    List<Throwable> thrown = new ArrayList<>();
    Thread puller = pulling(new ImageReference("slow", "one"), thrown);
    await().until(() -> slow.pulls.get() == 1);
    assertThat(images.list()).isEmpty();
    puller.interrupt();
    puller.join();
    assertThat(thrown).hasOnlyElementsOfType(InterruptedException.class).hasSize(1);
    assertThat(directories.images()).isEmptyDirectory();
  }

  @Test
  void cancelEndsTheProgramsOfASource() throws Exception {
    List<Throwable> thrown = new ArrayList<>();
    slow.goOn.release();
    Thread puller = pulling(new ImageReference("slow", "command"), thrown);
    ProcessHandle self = ProcessHandle.current();
    Callable<Boolean> runs =
        () ->
            self.descendants()
                .anyMatch(p -> p.info().commandLine().orElse("").contains("sleep 1000"));
    await().until(runs);
    puller.interrupt();
    puller.join();
    assertThat(runs.call()).isFalse();
    assertThat(thrown).hasOnlyElementsOfType(InterruptedException.class).hasSize(1);
    assertThat(directories.images()).isEmptyDirectory();
  }

  @Test
  void secondPullOfTheSameReferenceTakesTheFirstsImage() throws Exception {
    ImageReference reference = new ImageReference("slow", "one");
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Callable<Image> pull = () -> images.pull(reference, Progress.SILENT);
      Future<Image> first = threads.submit(pull);
      await().until(() -> slow.pulls.get() == 1);
      Semaphore waits = new Semaphore(0);
      Progress second =
          new Progress() {
            @Override
            public void stage(String name) {
              waits.release();
            }

            @Override
            public void bytes(long done, long total) {}
          };
      Future<Image> other = threads.submit(() -> images.pull(reference, second));
      waits.acquire();
      slow.goOn.release();
      assertThat(other.get()).isEqualTo(first.get());
    }
    assertThat(slow.pulls).hasValue(1);
    assertThat(images.list()).hasSize(1);
  }

  @Test
  void secondPullGoesOnByItselfWhenTheFirstIsCancelled() throws Exception {
    ImageReference reference = new ImageReference("slow", "one");
    List<Throwable> thrown = new CopyOnWriteArrayList<>();
    Thread first = pulling(reference, thrown);
    await().until(() -> slow.pulls.get() == 1);
    Thread second = pulling(reference, thrown);
    first.interrupt();
    first.join();
    await().until(() -> slow.pulls.get() == 2);
    slow.goOn.release();
    second.join();
    assertThat(thrown).hasOnlyElementsOfType(InterruptedException.class).hasSize(1);
    assertThat(images.list()).hasSize(1);
  }

  @Test
  void unknownReferenceSaysWhichSourcesThereAre() {
    assertThatThrownBy(() -> images.resolve(ImageReference.parse("nobody:knows"), Progress.SILENT))
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND);
              assertThat(e.hint()).contains("slow, tiny");
            });
    assertThatThrownBy(() -> images.find("nobody:knows"))
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> assertThat(e.hint()).contains("banger image pull nobody:knows"));
    assertThat(directories.images()).doesNotExist();
  }

  @Test
  void oneDamagedImageHidesNoOther() throws Exception {
    slow.goOn.release(1);
    Image image = images.pull(ImageReference.parse("slow:one"), Progress.SILENT);
    Path damaged = Files.createDirectory(directories.images().resolve("0123456789ab"));
    Files.writeString(damaged.resolve("image.properties"), "size=many");
    assertThat(images.list()).containsExactly(image);
    assertThat(images.find("slow:one")).isEqualTo(image);
    assertThat(images.byId(image.id())).isEqualTo(image);
    assertCode("0123456789ab", ErrorCode.CORRUPT);
    assertCode("00000000beef", ErrorCode.NOT_FOUND);
    assertCode("../images/" + image.id(), ErrorCode.NOT_FOUND);
  }

  private void assertCode(String id, ErrorCode code) {
    assertThatThrownBy(() -> images.byId(id))
        .isInstanceOfSatisfying(BangerException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void leftOversOfACrashAreReclaimed() throws Exception {
    Path left = Files.createDirectories(directories.images().resolve(".new-123"));
    Files.writeString(left.resolve("rootfs.ext4"), "half");
    assertThat(images.list()).isEmpty();
    images.reclaim();
    assertThat(left).as("not half made when these images came to be").exists();
    emptyDirectories();
    images.reclaim();
    assertThat(directories.images()).isEmptyDirectory();
  }

  @Test
  void pruneDeletesUnusedImagesThatHaveANewerOneAndWithAllEveryUnusedOne() throws Exception {
    slow.goOn.release(10);
    ImageReference one = ImageReference.parse("slow:one");
    Image used = images.pull(one, Progress.SILENT);
    Image old = images.pull(one, Progress.SILENT);
    Image newest = images.pull(one, Progress.SILENT);
    Image other = images.pull(ImageReference.parse("slow:two"), Progress.SILENT);
    Function<Image, Users> users = i -> () -> i.equals(used) ? List.of("web") : List.of();
    List<Images.Pruned> pruned = images.prune(false, users);
    assertThat(pruned).extracting(Images.Pruned::image).containsExactly(old);
    assertThat(pruned.getFirst().size()).isGreaterThan(new ByteSize(0));
    assertThat(images.list()).containsExactlyInAnyOrder(used, newest, other);
    assertThat(images.prune(false, users)).isEmpty();
    assertThat(images.prune(true, users)).hasSize(2);
    assertThat(images.list()).containsExactly(used);
    assertThat(old.directory()).doesNotExist();
  }

  @Test
  void tinyImageIsACleanFileSystem() throws Exception {
    Image image = images.resolve(ImageReference.parse("tiny"), Progress.SILENT);
    assertThat(image.hasInit()).isFalse();
    assertThat(
            Command.of(binaries, new Tool("e2fsck", "e2fsprogs"), "-fn", image.disk().toString())
                .run()
                .status())
        .isZero();
  }
}
