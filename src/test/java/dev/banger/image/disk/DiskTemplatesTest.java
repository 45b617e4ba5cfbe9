package dev.banger.image.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.journal.MemoryJournal;
import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskTemplatesTest {
  private final Binaries binaries = Binaries.ofPath();
  @TempDir Path temporary;
  private DiskTemplates templates;
  private Path cache;

  @BeforeEach
  void inAnEmptyCache() throws BangerException {
    Directories directories = Directories.of(Map.of(), temporary, false);
    cache = directories.data().resolve("templates");
    templates = new DiskTemplates(directories, binaries, MemoryJournal.journal());
  }

  private String tool(String name, String... arguments) throws Exception {
    return Command.of(binaries, new Tool(name, "e2fsprogs"), arguments)
        .run(ErrorCode.INTERNAL, name + " complains", "")
        .output();
  }

  @Test
  void copyIsACleanFileSystemWithTheRolesUuid() throws Exception {
    for (DiskTemplate.Role role : DiskTemplate.Role.values()) {
      Path copy = temporary.resolve(role + ".ext4");
      templates.of(role, ByteSize.gib(10), DiskTemplate.Life.KEPT).copyTo(copy);
      assertThat(Files.size(copy)).isEqualTo(ByteSize.gib(10).bytes());
      tool("e2fsck", "-fn", copy.toString());
      assertThat(tool("dumpe2fs", "-h", copy.toString()))
          .contains(role.uuid().toString())
          .contains("has_journal");
    }
  }

  @Test
  void rootOfTheWorkDiskIsClosedAndHoldsDockersDirectoryAlone() throws Exception {
    Path copy = temporary.resolve("work.ext4");
    templates.of(DiskTemplate.Role.WORK, ByteSize.gib(1), DiskTemplate.Life.KEPT).copyTo(copy);
    String listing = tool("debugfs", "-R", "ls -l /", copy.toString());
    assertThat(listing.lines().filter(line -> !line.isBlank())).hasSize(3);
    assertThat(listing).containsPattern("40700 \\(2\\) +0 +0 ").contains(".banger");
    assertThat(tool("debugfs", "-R", "ls -l /.banger", copy.toString()))
        .containsPattern("40711 \\(2\\) +0 +0 .*docker");
    tool("e2fsck", "-fn", copy.toString());
  }

  @Test
  void diskForOneRunHasNoJournal() throws Exception {
    for (DiskTemplate.Role role : DiskTemplate.Role.values()) {
      Path copy = temporary.resolve(role + ".ext4");
      templates.of(role, ByteSize.gib(1), DiskTemplate.Life.ONE_RUN).copyTo(copy);
      tool("e2fsck", "-fn", copy.toString());
      assertThat(tool("dumpe2fs", "-h", copy.toString())).doesNotContain("has_journal");
    }
  }

  @Test
  void copyCostsAsLittleAsItsData() throws Exception {
    DiskTemplate template =
        templates.of(DiskTemplate.Role.UPPER, ByteSize.gib(10), DiskTemplate.Life.KEPT);
    for (int i = 0; i < 5; i++) {
      template.copyTo(temporary.resolve("warm" + i));
    }
    Path copy = temporary.resolve("copy");
    long begin = System.nanoTime();
    template.copyTo(copy);
    System.err.printf("copy of a 10 GiB template: %d us%n", (System.nanoTime() - begin) / 1000);
    String kibibytes =
        Command.of(binaries, new Tool("du", "coreutils"), "-k", copy.toString()).run().output();
    assertThat(Long.parseLong(kibibytes.substring(0, kibibytes.indexOf('\t')))).isLessThan(1024);
  }

  @Test
  void templateIsMadeOnce() throws Exception {
    DiskTemplate first =
        templates.of(DiskTemplate.Role.UPPER, ByteSize.mib(64), DiskTemplate.Life.KEPT);
    Object inode = Files.getAttribute(first.file(), "unix:ino");
    DiskTemplate second =
        templates.of(DiskTemplate.Role.UPPER, ByteSize.mib(64), DiskTemplate.Life.KEPT);
    assertThat(second).isEqualTo(first);
    assertThat(Files.getAttribute(second.file(), "unix:ino")).isEqualTo(inode);
    try (var left = Files.newDirectoryStream(cache, ".new-*")) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void takenTargetIsAnErrorAndStays() throws Exception {
    DiskTemplate template =
        templates.of(DiskTemplate.Role.UPPER, ByteSize.mib(64), DiskTemplate.Life.KEPT);
    Path taken = Files.writeString(temporary.resolve("taken"), "mine");
    assertThatThrownBy(() -> template.copyTo(taken)).isInstanceOf(BangerException.class);
    assertThat(taken).hasContent("mine");
  }

  @Test
  void halfACopyOfAKilledDaemonIsReplaced() throws Exception {
    DiskTemplate template =
        templates.of(DiskTemplate.Role.UPPER, ByteSize.mib(64), DiskTemplate.Life.KEPT);
    Path disks = Files.createDirectory(temporary.resolve("vm"));
    Files.writeString(disks.resolve(".new-system.ext4"), "half");
    template.copyTo(disks.resolve("system.ext4"));
    assertThat(Files.mismatch(template.file(), disks.resolve("system.ext4"))).isEqualTo(-1);
    assertThat(disks.toFile().list()).containsExactly("system.ext4");
  }

  @Test
  void largestDiskOfAVmCanBeMade() throws Exception {
    Path copy = temporary.resolve("large.ext4");
    templates.of(DiskTemplate.Role.UPPER, ByteSize.gib(1024), DiskTemplate.Life.KEPT).copyTo(copy);
    tool("e2fsck", "-fn", copy.toString());
    assertThat(Files.size(copy)).isEqualTo(ByteSize.gib(1024).bytes());
  }

  @Test
  void absurdSizesAreInvalid() {
    for (ByteSize size : new ByteSize[] {ByteSize.mib(1), ByteSize.gib(1 << 20)}) {
      assertThatThrownBy(() -> templates.of(DiskTemplate.Role.WORK, size, DiskTemplate.Life.KEPT))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID));
    }
  }

  @Test
  void sparseCopyKeepsEveryByte() throws Exception {
    Path source = temporary.resolve("source");
    try (RandomAccessFile file = new RandomAccessFile(source.toFile(), "rw")) {
      file.setLength((3 << 20) + 17);
      file.seek(5000);
      file.write(new byte[] {1, 2, 3});
      file.seek(2 << 20);
      file.write(new byte[9000]);
      file.write(9);
      file.seek((3 << 20) + 16);
      file.write(7);
    }
    Path target = temporary.resolve("target");
    SparseCopy.copy(source, target);
    assertThat(Files.mismatch(source, target)).isEqualTo(-1);
  }
}
