package dev.banger.image.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.journal.MemoryJournal;
import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskFileTest {
  @TempDir Path directory;

  @Test
  void aGrownDiskHasAFileSystemOfItsSizeBefore() throws Exception {
    DiskTemplates templates =
        new DiskTemplates(
            Directories.of(Map.of(), directory, false),
            Binaries.installed(Map.of(), List.of()),
            MemoryJournal.journal());
    DiskFile disk = new DiskFile(directory.resolve("disk"));
    templates
        .of(DiskTemplate.Role.WORK, ByteSize.mib(96), DiskTemplate.Life.KEPT)
        .copyTo(disk.file());
    assertThat(disk.fileSystem()).isEqualTo(disk.size()).isEqualTo(ByteSize.mib(96));

    disk.grow(ByteSize.gib(3));
    assertThat(disk.size()).isEqualTo(ByteSize.gib(3));
    assertThat(disk.fileSystem()).isEqualTo(ByteSize.mib(96));
    assertThat(disk.allocated()).isLessThan(ByteSize.mib(16));
    disk.grow(ByteSize.mib(1));
    assertThat(disk.size()).as("it never shrinks").isEqualTo(ByteSize.gib(3));
  }

  @Test
  void whatIsNoDiskIsSaidToBeNone() throws Exception {
    DiskFile disk = new DiskFile(Files.write(directory.resolve("disk"), new byte[4096]));
    assertThatThrownBy(disk::fileSystem).hasMessageContaining("no ext4");
  }
}
