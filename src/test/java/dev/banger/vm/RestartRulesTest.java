package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.RestartPolicy;
import dev.banger.store.VmRow;
import dev.banger.vm.RestartRules.Ending;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RestartRulesTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_000);
  private static final Duration MOMENT = Duration.ofMillis(5);

  private static VmRow row(RestartPolicy policy) {
    return Rows.row("0123456789ab", "web")
        .withPolicy(new VmRow.Policy(policy, Optional.empty(), Optional.empty(), Optional.empty()));
  }

  private static boolean comesUp(RestartPolicy policy, Ending ending) {
    return RestartRules.after(row(policy), ending, MOMENT, NOW).due().isPresent();
  }

  @Test
  void policiesActOnWhatTheySay() {
    RestartPolicy onFailure = new RestartPolicy.OnFailure(0);
    assertThat(comesUp(RestartPolicy.NEVER, Ending.FAILURE)).isFalse();
    assertThat(comesUp(onFailure, Ending.FAILURE)).isTrue();
    assertThat(comesUp(onFailure, Ending.IN_ORDER)).isFalse();
    assertThat(comesUp(RestartPolicy.ALWAYS, Ending.IN_ORDER)).isTrue();
    for (RestartPolicy policy : List.of(RestartPolicy.NEVER, onFailure, RestartPolicy.ALWAYS)) {
      assertThat(comesUp(policy, Ending.BY_USER)).as("%s", policy).isFalse();
      assertThat(comesUp(policy, Ending.GUEST_REBOOTED)).as("%s", policy).isTrue();
    }
  }

  @Test
  void pausesDoubleUpToAMinuteAndBeginAnewBehindAGoodRun() {
    VmRow row = row(RestartPolicy.ALWAYS);
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      VmRow.Restarts next = RestartRules.after(row, Ending.FAILURE, MOMENT, NOW);
      assertThat(next.due()).contains(NOW.plus(next.pause()));
      pauses.add(next.pause().toMillis());
      row = row.withRestarts(next);
    }
    assertThat(pauses)
        .containsExactly(
            100L, 200L, 400L, 800L, 1_600L, 3_200L, 6_400L, 12_800L, 25_600L, 51_200L, 60_000L,
            60_000L);
    assertThat(RestartRules.after(row, Ending.FAILURE, RestartRules.GOOD_RUN, NOW).pause())
        .isEqualTo(RestartRules.FIRST_PAUSE);
  }

  @Test
  void onFailureGivesUpBehindItsLimitAndARebootDoesNotCount() {
    VmRow row = row(new RestartPolicy.OnFailure(2));
    row = row.withRestarts(RestartRules.after(row, Ending.GUEST_REBOOTED, MOMENT, NOW));
    row = row.withRestarts(RestartRules.after(row, Ending.FAILURE, MOMENT, NOW));
    row = row.withRestarts(RestartRules.after(row, Ending.FAILURE, MOMENT, NOW));
    assertThat(row.restarts().count()).isEqualTo(2);
    VmRow.Restarts last = RestartRules.after(row, Ending.FAILURE, MOMENT, NOW);
    assertThat(last.due()).isEmpty();
    assertThat(last.count()).isEqualTo(2);
  }
}
