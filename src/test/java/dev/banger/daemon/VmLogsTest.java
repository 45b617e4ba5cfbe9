package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.VmId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmLogsTest {
  private static final VmId ID = new VmId("0123456789ab");
  @TempDir Path dir;

  private VmLogs logs(String older, String newer) throws Exception {
    Directories directories = Directories.of(Map.of(), dir, false);
    Path vm = Files.createDirectories(directories.vm(ID));
    Files.writeString(vm.resolve("console.log.1"), older);
    Files.writeString(vm.resolve("console.log"), newer);
    return new VmLogs(directories);
  }

  @Test
  void theOlderHalfComesFirst() throws Exception {
    assertThat(logs("a\nb\n", "c\n").read(ID, "console", 0)).isEqualTo("a\nb\nc\n");
  }

  @Test
  void theLastLinesAreCountedOverBothHalves() throws Exception {
    VmLogs logs = logs("a\nb\n", "c\nunfinished");
    assertThat(logs.read(ID, "console", 1)).isEqualTo("unfinished");
    assertThat(logs.read(ID, "console", 3)).isEqualTo("b\nc\nunfinished");
    assertThat(logs.read(ID, "console", 99)).isEqualTo("a\nb\nc\nunfinished");
  }

  @Test
  void anUnknownLogIsRefused() {
    assertThatThrownBy(() -> logs("", "").read(ID, "secrets", 0))
        .isInstanceOf(BangerException.class);
  }

  @Test
  void aVmWithoutLogsHasEmptyOnes() throws Exception {
    assertThat(new VmLogs(Directories.of(Map.of(), dir, false)).read(ID, "vmm", 0)).isEmpty();
  }
}
