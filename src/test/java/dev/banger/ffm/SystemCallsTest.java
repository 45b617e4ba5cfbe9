package dev.banger.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class SystemCallsTest {
  @Test
  void knowsWhoItIs() throws Exception {
    assertThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))
        .isEqualTo(ProcessCalls.geteuid());
    assertThat(Files.getAttribute(Path.of("/proc/self"), "unix:gid"))
        .isEqualTo(ProcessCalls.getegid());
  }

  @Test
  void theErrnoOfAFailedCallNamesItsReason() {
    assertThatThrownBy(() -> ProcessCalls.pidfdOpen(Integer.MAX_VALUE))
        .isInstanceOfSatisfying(
            SystemCallException.class,
            e -> assertThat(e.errno()).isEqualTo(SystemCallException.ESRCH))
        .hasMessage("pidfd_open: No such process");
    assertThatThrownBy(() -> FileSystemCalls.statfs(Path.of("/no/such/place")))
        .hasMessage("statfs: No such file or directory");
  }

  @Test
  void statfsTellsATmpfsFromOthers() throws Exception {
    assertThat(FileSystemCalls.statfs(Path.of("/proc")).isTmpfs()).isFalse();
    FileSystemCalls.FileSystem shared = FileSystemCalls.statfs(Path.of("/dev/shm"));
    assertThat(shared.isTmpfs()).isTrue();
    assertThat(shared.available()).isBetween(1L, shared.size());
  }
}
