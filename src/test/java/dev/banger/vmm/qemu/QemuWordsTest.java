package dev.banger.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.ByteSize;
import dev.banger.vmm.Machine;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class QemuWordsTest {
  @Test
  void aRunningQemuTellsWhatItWasStartedAs() {
    QemuWords words =
        new QemuWords(List.of("qemu", "-accel", "tcg", "-smp", "2", "-m", "512M", "-name", "-smp"));
    assertThat(words.accelerator()).isEqualTo("tcg");
    assertThat(words.machine()).contains(new Machine(2, ByteSize.mib(512), false));
  }

  @Test
  void wordsThatAreMissingOrStrangeTellNothing() {
    assertThat(new QemuWords(List.of()).accelerator()).isEmpty();
    assertThat(new QemuWords(List.of("-smp", "cpus=2", "-m", "1G")).machine()).isEmpty();
    assertThat(new QemuWords(List.of("-m", "1M", "-smp")).machine()).isEmpty();
  }

  @Test
  void aDriveIsFoundByItsFileWhateverItsName() throws Exception {
    Path odd = Path.of("/a,b/own \"disk\".ext4");
    assertThat(QemuDrives.addDescriptor(9, 1, odd))
        .isEqualTo("fd=9,set=1,opaque=/a,,b/own \"disk\".ext4");
    QmpMessage reply =
        QmpMessage.parse(
            """
            {"id": 3, "return": [{"fdset-id": 0, "fds": [{"fd": 1, "opaque": "/base"}]},
            {"fdset-id": 1, "fds": [{"fd": 2, "opaque": "/a,b/own \\"disk\\".ext4"}, {"fd": 4}]}]}
            """);
    assertThat(reply)
        .isInstanceOfSatisfying(
            QmpMessage.Reply.class,
            r -> {
              assertThat(QemuDrives.setOf(r.result(), odd)).hasValue(1);
              assertThat(QemuDrives.setOf(r.result(), Path.of("/other"))).isEmpty();
            });
  }
}
