package dev.banger.proc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.ByteSize;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProcessUsageTest {
  @Test
  void thisProcessUsesTimeAndMemory() throws Exception {
    ProcessIdentity self = ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow();
    ProcessUsage usage = ProcessUsage.of(self).orElseThrow();
    assertThat(usage.user()).isPositive().isLessThan(Duration.ofHours(1));
    assertThat(usage.resident()).isGreaterThan(ByteSize.mib(16));
    assertThat(usage.proportional().orElseThrow()).isGreaterThan(ByteSize.mib(16));
    assertThat(usage.threads()).isPositive();
  }

  @Test
  void anotherProcessWithTheSameNumberIsNotTakenForIt() throws Exception {
    ProcessIdentity self = ProcessIdentity.of(ProcessHandle.current().pid()).orElseThrow();
    ProcessIdentity earlier =
        new ProcessIdentity(self.pid(), self.startTicks() - 1, self.bootId(), self.executable());
    assertThat(ProcessUsage.of(earlier)).isEmpty();
  }
}
