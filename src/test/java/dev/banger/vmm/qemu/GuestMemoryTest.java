package dev.banger.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.vmm.Accelerator;
import dev.banger.vmm.VmmSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
    for (Path ours : list(shared)) {
      Files.delete(ours); // only when it is empty
    }
    Files.delete(shared);
  }

  private static List<Path> list(Path directory) throws Exception {
    try (Stream<Path> all = Files.list(directory)) {
      return all.toList();
    }
  }

  private VmmSpec spec(Path runDirectory, ByteSize size) {
    return spec(ID, runDirectory, size);
  }

  private VmmSpec spec(VmId id, Path runDirectory, ByteSize size) {
    return new VmmSpec(
        id,
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
    Path file = memory.create(spec, SIZE);
    assertThat(file).startsWith(shared);
    assertThat(Files.size(file)).isEqualTo(SIZE.bytes());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    memory.remove(spec.files());
    memory.remove(spec.files());
    assertThat(file.getParent()).as("nothing is left on the host").doesNotExist();
  }

  @Test
  void aRunDirectoryOnATmpfsHoldsTheFileItself() throws Exception {
    Path run = Files.createDirectory(shared.resolve("run"));
    VmmSpec spec = spec(run, SIZE);
    assertThat(memory.create(spec, SIZE)).isEqualTo(run.resolve("memory"));
    memory.remove(spec.files());
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
    Path file = memory.create(spec, SIZE);
    Path directoryOfOthers = file.resolveSibling("");
    Files.setPosixFilePermissions(directoryOfOthers, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThatThrownBy(() -> memory.create(spec, SIZE)).hasMessageContaining("is not ours alone");
    memory.remove(spec.files());
  }

  @Test
  void startsFindTheDirectoryThoughOthersThatEndTakeItAway() throws Exception {
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Callable<Integer>> starts =
          IntStream.range(0, 4).<Callable<Integer>>mapToObj(vm -> () -> manyStarts(vm)).toList();
      for (var done : threads.invokeAll(starts)) {
        assertThat(done.get()).isEqualTo(100);
      }
    }
  }

  private int manyStarts(int vm) throws Exception {
    VmId id = new VmId("00000000000" + vm);
    int done = 0;
    while (done < 100) {
      VmmSpec spec = spec(id, Path.of("/proc/run"), SIZE);
      Path _ = memory.create(spec, SIZE);
      memory.remove(spec.files());
      done++;
    }
    return done;
  }

  @Test
  void onlyMemoryOfNoVmAndNoProcessIsReclaimed() throws Exception {
    Path known = memory.create(spec(Path.of("/proc/run"), SIZE), SIZE);
    Path used = Files.createFile(known.resolveSibling("00000000cafe"));
    Path stray = Files.createFile(known.resolveSibling("00000000dead"));
    memory.reclaim(Path.of("/proc/other"), Set::of);
    assertThat(stray).exists();
    try (var open = Files.newByteChannel(used)) {
      assertThat(open.isOpen()).isTrue();
      memory.reclaim(Path.of("/proc"), () -> Set.of(ID));
      assertThat(list(known.resolveSibling(""))).containsExactlyInAnyOrder(known, used);
    }
    memory.reclaim(Path.of("/proc"), Set::of);
    assertThat(known.resolveSibling("")).doesNotExist();
  }
}
