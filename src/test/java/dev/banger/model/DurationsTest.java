package dev.banger.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "0s", "5", "m5", "5m 3s", "-5m", "1.5h", "9999999d", "3s2m"})
  void whatIsNoLengthOfTimeIsRefusedWithAHint(String text) {
    assertThatThrownBy(() -> Durations.parse("--ttl", text))
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID);
              assertThat(e.getMessage()).contains("--ttl");
              assertThat(e.hint()).isNotEmpty();
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"1m30s", "10m", "1h30m", "2d", "250ms", "1d2h3m4s5ms"})
  void textIsReadBackAsItWas(String text) throws BangerException {
    assertThat(Durations.text(Durations.parse("it", text))).isEqualTo(text);
  }

  @Test
  void unitsMeanWhatTheySay() throws BangerException {
    assertThat(Durations.parse("it", "1h30m")).isEqualTo(Duration.ofMinutes(90));
  }

  @ParameterizedTest
  @ValueSource(strings = {"no", "always", "on-failure", "on-failure:5"})
  void restartPoliciesAreReadBackAsTheyWere(String text) throws BangerException {
    assertThat(RestartPolicy.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "yes", "on-failure:0", "on-failure:-1", "on-failure:x", "always:3"})
  void unknownRestartPoliciesAreRefused(String text) {
    assertThatThrownBy(() -> RestartPolicy.parse(text)).isInstanceOf(BangerException.class);
  }
}
