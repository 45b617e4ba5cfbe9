package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.banger.ffm.ProcessCalls;
import dev.banger.image.disk.DiskTemplate;
import dev.banger.image.disk.DiskTemplates;
import dev.banger.image.kernel.Kernels;
import dev.banger.journal.MemoryJournal;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The data directory is a tmpfs of a few MiB. */
class FullDiskHostTest {
  private final Binaries binaries = Binaries.ofPath();
  private final OrderedLock lock = new OrderedLock(LockRank.IMAGE_OPS, "images");
  @TempDir Path temporary;
  private Directories directories;

  @BeforeEach
  void mountASmallDisk() throws Exception {
    assumeTrue(ProcessCalls.geteuid() == 0, "only root can mount a tmpfs");
    directories = TestDirectories.withSharedCache(temporary);
    Files.createDirectories(directories.data());
    mount("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", directories.data().toString());
  }

  @AfterEach
  void unmount() throws Exception {
    if (ProcessCalls.geteuid() == 0) {
      mount("umount", directories.data().toString());
    }
  }

  private void mount(String program, String... arguments) throws Exception {
    Command.of(binaries, new Tool(program, "mount"), arguments)
        .run(ErrorCode.INTERNAL, "cannot " + program, "");
  }

  private static void assertNoSpace(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> assertThat(e.code()).as(e.reason()).isEqualTo(ErrorCode.NO_SPACE));
  }

  @Test
  void kernelPullSaysSoAndLeavesNothing() throws Exception {
    Kernels kernels =
        new Kernels(
            directories,
            binaries,
            Path.of("/bin/true"),
            lock,
            MemoryJournal.journal(),
            Clock.systemUTC());
    assertNoSpace(() -> kernels.pull(Progress.SILENT));
    assertThat(directories.kernels()).isEmptyDirectory();
  }

  @Test
  void imagePullSaysSoAndLeavesNothing() throws Exception {
    byte[] noise = new byte[5 << 20];
    new Random(3).nextBytes(noise);
    Path program = Files.write(temporary.resolve("noise"), noise);
    Images images =
        new Images(
            directories,
            List.of(new TinyImageSource(program, binaries)),
            lock,
            MemoryJournal.journal(),
            Clock.systemUTC());
    assertNoSpace(() -> images.pull(ImageReference.parse("tiny"), Progress.SILENT));
    assertThat(directories.images()).isEmptyDirectory();
  }

  @Test
  void diskCopySaysSoAndLeavesNothing() throws Exception {
    DiskTemplate template =
        new DiskTemplates(directories, binaries, MemoryJournal.journal())
            .of(DiskTemplate.Role.UPPER, ByteSize.gib(1), DiskTemplate.Life.KEPT);
    byte[] noise = new byte[1 << 20];
    Path filler = directories.data().resolve("filler");
    try (var out = Files.newOutputStream(filler)) {
      while (true) {
        out.write(noise);
      }
    } catch (java.io.IOException e) {
      assertThat(e).hasMessageContaining("No space");
    }
    Path copy = directories.data().resolve("copy");
    assertNoSpace(() -> template.copyTo(copy));
    assertThat(copy).doesNotExist();
  }
}
