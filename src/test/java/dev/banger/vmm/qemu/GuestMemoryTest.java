package dev.banger.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.Undo;
import dev.banger.model.VmId;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.VmmSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the host's own shared tmpfs, in a directory made for each test. */
final class GuestMemoryTest {
  private static final VmId ID = new VmId("00000000beef");
  private static final ByteSize SIZE = ByteSize.mib(64);

  @TempDir private Path directory;
  private Path shared;
  private GuestMemory memory;

  @BeforeEach
  void makeAShare() throws Exception {
    shared = Files.createTempDirectory(Path.of("/dev/shm"), "banger-test");
    memory = new GuestMemory(shared);
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    Files.delete(shared);
  }

  private VmmSpec spec(Path runDirectory, ByteSize size) {
    return new VmmSpec(
        ID,
        runDirectory,
        directory.resolve("log"),
        1,
        size,
        directory,
        directory,
        List.of(),
        List.of(),
        List.of(),
        Accelerator.TCG,
        Optional.empty());
  }

  @Test
  void theFileIsSparseOursAloneAndGoesAgain() throws Exception {
    VmmSpec spec = spec(Path.of("/proc/run"), SIZE);
    try (Undo undo = new Undo()) {
      Path file = memory.create(spec, SIZE, undo);
      assertThat(file).startsWith(shared);
      assertThat(Files.size(file)).isEqualTo(SIZE.bytes());
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
      undo.keep();
    }
    memory.remove(spec.files());
    memory.remove(spec.files());
  }

  @Test
  void aRunDirectoryOnATmpfsHoldsTheFileItself() throws Exception {
    Path run = Files.createDirectory(shared.resolve("run"));
    VmmSpec spec = spec(run, SIZE);
    try (Undo undo = new Undo()) {
      assertThat(memory.create(spec, SIZE, undo)).isEqualTo(run.resolve("memory"));
    }
    assertThat(run).isEmptyDirectory();
    Files.delete(run);
  }

  @Test
  void tooLittleRoomIsSaidInNumbers() {
    VmmSpec spec = spec(Path.of("/proc/run"), ByteSize.gib(1 << 20));
    assertThatThrownBy(() -> memory.check(spec))
        .hasMessageMatching("the guest's 1024T of memory do not fit: .* has .* free of .*")
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_SPACE));
  }

  @Test
  void aDirectoryThatOthersCanReadIsNotUsed() throws Exception {
    VmmSpec spec = spec(Path.of("/proc/run"), SIZE);
    Path file;
    try (Undo undo = new Undo()) {
      file = memory.create(spec, SIZE, undo);
    }
    Path directoryOfOthers = Files.createDirectory(file.resolveSibling(""));
    try (Undo undo = new Undo()) {
      assertThatThrownBy(() -> memory.create(spec, SIZE, undo))
          .hasMessageContaining("is not ours alone");
    }
    Files.delete(directoryOfOthers);
  }
}
