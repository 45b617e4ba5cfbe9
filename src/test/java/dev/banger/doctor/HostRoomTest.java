package dev.banger.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.ByteSize;
import dev.banger.model.Directories;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostRoomTest {
  @TempDir Path directory;

  @Test
  void theFiguresAreThoseThatTheSystemsOwnToolsShow() throws Exception {
    HostRoom room = HostRoom.look(Directories.of(Map.of(), directory.resolve("none"), false));
    Process cat =
        new ProcessBuilder("cat", "/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max")
            .start();
    String[] numbers =
        new String(cat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
            .strip()
            .split("\\s+", -1);
    assertThat(room.processes())
        .anyMatch(c -> c.limit().equals("kernel.pid_max") && c.most() == Long.parseLong(numbers[0]))
        .anyMatch(
            c -> c.limit().equals("kernel.threads-max") && c.most() == Long.parseLong(numbers[1]))
        .allMatch(c -> c.used() > 0 && c.free() > 0);
    assertThat(room.files())
        .extracting(HostRoom.Count::limit)
        .contains("RLIMIT_NOFILE", "fs.file-max");
    assertThat(room.files()).allMatch(c -> c.used() > 0 && c.free() > 0);
    assertThat(room.memory().available()).isBetween(ByteSize.mib(64), room.memory().total());
    assertThat(room.data().path()).isEqualTo(directory);
  }
}
