package dev.banger.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class TimeStampCounterTest {
  @Test
  void aConstantCounterRunsAtHalfTheBogomips() {
    assertThat(
            TimeStampCounter.kilohertz(
                List.of("flags\t\t: fpu constant_tsc sse", "bogomips\t: 5192.28")))
        .hasValue(2596140);
  }

  @Test
  void aCounterThatIsNotConstantOrNotThereHasNoRate() {
    assertThat(TimeStampCounter.kilohertz(List.of("flags : fpu", "bogomips : 5192.28"))).isEmpty();
    assertThat(TimeStampCounter.kilohertz(List.of("flags : constant_tsc", "bogomips : odd")))
        .isEmpty();
    assertThat(TimeStampCounter.kilohertz(List.of("BogoMIPS : 50.00"))).isEmpty();
  }
}
