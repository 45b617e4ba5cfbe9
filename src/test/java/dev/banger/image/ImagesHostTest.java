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
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds real root file systems from the host's mirrors; e2fsprogs is the judge. */
class ImagesHostTest {
  private final Binaries binaries = Binaries.ofPath();
  @TempDir Path temporary;

  private Images images(Directories directories) throws BangerException {
    return new Images(
        directories,
        List.of(new DebianSource(directories, binaries)),
        new OrderedLock(LockRank.IMAGE_OPS, "images"),
        MemoryJournal.journal(),
        Clock.systemUTC());
  }

  private String debugfs(Image image, String request) throws Exception {
    return Command.of(
            binaries, new Tool("debugfs", "e2fsprogs"), "-R", request, image.disk().toString())
        .run()
        .output();
  }

  @Test
  void pulledImageIsACleanDebian() throws Exception {
    Directories directories = TestDirectories.withSharedCache(temporary);
    Images images = images(directories);
    ImageReference reference = ImageReference.parse("debian:bookworm");
    long begin = System.nanoTime();
    Image image = images.resolve(reference, TestDirectories.PRINTED);
    System.err.printf(
        "image pull: %d ms, %d packages, size %s, on disk %s KiB%n",
        (System.nanoTime() - begin) / 1000000,
        Files.readAllLines(image.directory().resolve("packages")).size(),
        image.size(),
        Command.of(binaries, new Tool("du", "coreutils"), "-k", image.disk().toString())
            .run()
            .output()
            .replaceAll("\\s.*", ""));
    assertThat(image.source()).isEqualTo("deb");
    assertThat(images.resolve(reference, Progress.SILENT)).isEqualTo(image);
    assertThat(images.find(image.id())).isEqualTo(image);
    assertThat(
            Command.of(binaries, new Tool("e2fsck", "e2fsprogs"), "-fn", image.disk().toString())
                .run()
                .status())
        .isZero();
    assertThat(debugfs(image, "stat /usr/lib/systemd/systemd")).contains("User:     0");
    assertThat(debugfs(image, "stat /bin/bash")).contains("regular");
    assertThat(debugfs(image, "cat /etc/shadow")).contains("root::");
    assertThat(debugfs(image, "cat /etc/machine-id")).isBlank();
    assertThat(debugfs(image, "ls -l /var/lib/apt/lists")).contains("Packages");
    assertThat(debugfs(image, "ls /etc")).doesNotContain("hostname");
    // Owners other than root are right.
    assertThat(debugfs(image, "stat /var/mail")).contains("Group:     8");
    nothingIsLeft(directories);
    images.delete(image, List::of);
    assertThat(images.list()).isEmpty();
  }

  @Test
  void cancelLeavesNothingButTheDownloads() throws Exception {
    Directories directories = TestDirectories.withSharedCache(temporary);
    Images images = images(directories);
    for (String stage : List.of("download essential packages", "install packages", "make disk")) {
      CountDownLatch reached = new CountDownLatch(1);
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      Progress progress =
          new Progress() {
            @Override
            public void stage(String name) {
              if (name.equals(stage)) {
                reached.countDown();
              }
            }

            @Override
            public void bytes(long done, long total) {}
          };
      Thread puller =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  images.pull(new ImageReference("debian", "bookworm"), progress);
                } catch (Exception e) {
                  thrown.set(e);
                }
              });
      reached.await();
      long begin = System.nanoTime();
      puller.interrupt();
      puller.join();
      System.err.printf(
          "cancelled in '%s' in %d ms%n", stage, (System.nanoTime() - begin) / 1000000);
      assertThat(thrown.get()).as(stage).isInstanceOf(InterruptedException.class);
      assertThat(images.list()).isEmpty();
      nothingIsLeft(directories);
    }
  }

  @Test
  void unknownReleaseIsNotFound() throws Exception {
    Directories directories = TestDirectories.withSharedCache(temporary);
    assertThatThrownBy(() ->
            images(directories)
                .pull(new ImageReference("debian", "nosuchrelease"), Progress.SILENT))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND))
        .hasMessageContaining("nosuchrelease");
    nothingIsLeft(directories);
  }

  private static void nothingIsLeft(Directories directories) throws Exception {
    Path build = directories.cache().resolve("build");
    assertThat(build).isEmptyDirectory();
    assertThat(Files.readString(Path.of("/proc/self/mountinfo"))).doesNotContain(build.toString());
    try (Stream<Path> entries = Files.list(directories.images())) {
      assertThat(entries.filter(p -> p.getFileName().toString().startsWith("."))).isEmpty();
    }
    try (Stream<ProcessHandle> processes = ProcessHandle.allProcesses()) {
      assertThat(
              processes.filter(p -> p.info().commandLine().orElse("").contains(build.toString())))
          .isEmpty();
    }
  }
}
