package dev.banger.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.ffm.FileCalls;
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
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that mke2fs made become images, or are refused with the reason. */
class FileSourceTest {
  private static final Tool TUNE2FS = new Tool("tune2fs", "e2fsprogs");
  private static final Tool DEBUGFS = new Tool("debugfs", "e2fsprogs");

  @TempDir Path temporary;
  private final Binaries binaries = Binaries.ofPath();
  private Directories directories;
  private Images images;
  private Path file;

  @BeforeEach
  void anExt4WithAnInitAndAShell() throws Exception {
    directories = Directories.of(Map.of(), temporary.resolve("home"), false);
    images =
        new Images(
            directories,
            List.of(),
            new OrderedLock(LockRank.IMAGE_OPS, "images"),
            MemoryJournal.journal(),
            Clock.systemUTC());
    Path tree = temporary.resolve("tree");
    Files.createDirectories(tree.resolve("usr/bin"));
    Files.createSymbolicLink(tree.resolve("bin"), Path.of("usr/bin"));
    Files.createDirectories(tree.resolve("sbin"));
    Files.createSymbolicLink(tree.resolve("sbin/init"), Path.of("../bin/sh"));
    Files.writeString(tree.resolve("usr/bin/sh"), "x".repeat(1 << 20));
    file = temporary.resolve("root file.ext4");
    run(new Tool("mke2fs", "e2fsprogs"), "-q", "-t", "ext4", "-d", "" + tree, "" + file, "48M");
  }

  private String run(Tool tool, String... arguments) throws Exception {
    return Command.of(binaries, tool, arguments).run(ErrorCode.INTERNAL, "test", "").output();
  }

  private Image register(Path path) throws Exception {
    return images.register(
        ImageReference.parse("mine:1"),
        new FileSource(path, binaries),
        Optional.empty(),
        Progress.SILENT);
  }

  private void refused(Path path, ErrorCode code, String why) {
    assertThatThrownBy(() -> register(path))
        .hasMessageContaining(path.getFileName().toString())
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).as(e.toString()).isEqualTo(code);
              assertThat(e.getMessage() + " " + e.hint()).contains(why);
            });
    if (Files.exists(directories.images())) {
      assertThat(directories.images()).isEmptyDirectory();
    }
  }

  @Test
  void aFileBecomesAnImageAndStaysAsItWas() throws Exception {
    byte[] before = Files.readAllBytes(file);
    Image image = register(file);
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    assertThat(image.disk()).hasBinaryContent(before);
    assertThat(FileCalls.allocated(image.disk())).isLessThan(8 << 20);
    String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(before));
    assertThat(image.digest()).isEqualTo("sha256:" + sum);
    assertThat(image.provenance()).isEqualTo("file:" + file.toRealPath() + "@sha256:" + sum);
    assertThat(image.source()).isEqualTo("file");
    assertThat(image.hasInit()).isTrue();
    assertThat(image.defaults().command()).containsExactly("/bin/sh");
    assertThat(run(TUNE2FS, "-l", file.toString())).contains(image.uuid().toString());
    assertThat(images.find("mine:1")).isEqualTo(image);
  }

  @Test
  void whatIsNoFileSystemIsRefused() throws Exception {
    refused(temporary.resolve("nothing"), ErrorCode.NOT_FOUND, "check the path");
    refused(Files.createDirectory(temporary.resolve("dir")), ErrorCode.INVALID, "no regular file");
    refused(Files.createFile(temporary.resolve("empty")), ErrorCode.INVALID, "no ext4");
    byte[] disk = new byte[4096];
    disk[510] = 0x55;
    disk[511] = (byte) 0xaa;
    refused(Files.write(temporary.resolve("mbr"), disk), ErrorCode.INVALID, "partitions");
    System.arraycopy(new byte[] {'Q', 'F', 'I', (byte) 0xfb}, 0, disk, 0, 4);
    refused(Files.write(temporary.resolve("q"), disk), ErrorCode.INVALID, "qemu-img convert");
  }

  @Test
  void damagedFileSystemsAreRefusedWithWhatE2fsckFinds() throws Exception {
    run(DEBUGFS, "-w", "-R", "set_inode_field /usr/bin/sh links_count 7", file.toString());
    assertThatThrownBy(() -> register(file))
        .hasMessageContaining("e2fsck finds errors")
        .hasStackTraceContaining("ref count is 7, should be 1");
    refused(file, ErrorCode.INVALID, "e2fsck -fy");
    try (RandomAccessFile shorter = new RandomAccessFile(file.toFile(), "rw")) {
      shorter.setLength(16 << 20);
    }
    refused(file, ErrorCode.INVALID, "e2fsck");
  }

  @Test
  void aFileSystemThatWasNotUnmountedIsRefused() throws Exception {
    run(DEBUGFS, "-w", "-R", "feature needs_recovery", file.toString());
    refused(file, ErrorCode.WRONG_STATE, "e2fsck -fp");
  }

  @Test
  void theUuidOfAVmsOwnDiskIsRefused() throws Exception {
    run(TUNE2FS, "-U", "5d0e9f1c-7c1b-4b6e-9a52-62616e670002", file.toString());
    refused(file, ErrorCode.INVALID, "tune2fs -U random");
  }

  @Test
  void anImageOfThisHostHasATaggedName() throws Exception {
    for (String name : List.of("deb:bookworm", "a@sha256:" + "0".repeat(64), "oci:/x")) {
      assertThatThrownBy(() ->
              images.register(
                  ImageReference.parse(name),
                  new FileSource(file, binaries),
                  Optional.empty(),
                  Progress.SILENT))
          .hasMessageContaining(name);
    }
    assertThat(directories.images()).doesNotExist();
  }

  @Test
  void anInterruptLeavesNothing() throws Exception {
    Progress interrupting =
        new Progress() {
          @Override
          public void stage(String name) {
            Thread.currentThread().interrupt();
          }

          @Override
          public void bytes(long done, long total) {}
        };
    assertThatThrownBy(() ->
            images.register(
                ImageReference.parse("mine:1"),
                new FileSource(file, binaries),
                Optional.empty(),
                interrupting))
        .isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
    assertThat(directories.images()).isEmptyDirectory();
  }
}
