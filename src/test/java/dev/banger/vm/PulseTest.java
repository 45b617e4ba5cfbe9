package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PulseTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final Pulse pulse = new Pulse(Duration.ofSeconds(5));

  private boolean silentFor(int seconds) {
    boolean well = true;
    for (int i = 0; i < seconds; i++) {
      well = pulse.sample(false, SECOND);
    }
    return well;
  }

  @Test
  void onlyAnUnbrokenSilenceOfTheWholeLimitCounts() {
    assertThat(silentFor(4)).isTrue();
    assertThat(pulse.sample(true, SECOND)).isTrue();
    assertThat(silentFor(4)).isTrue();
    assertThat(silentFor(1)).isFalse();
  }

  @Test
  void oneAnswerIsNotYetRecovery() {
    assertThat(silentFor(5)).isFalse();
    assertThat(pulse.sample(true, SECOND)).isFalse();
    assertThat(pulse.sample(true, SECOND)).isTrue();
  }

  @Test
  void timeInWhichTheJudgeDidNotRunIsNoSilence() {
    assertThat(pulse.sample(false, Duration.ofHours(8))).isTrue();
    assertThat(pulse.sample(true, SECOND)).isTrue();
  }
}
