package dev.banger.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubnetLineTest {
  private static final String NEW = "10.88.0.0/20";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "accel = \"tcg\"\n",
        "accel = \"tcg\"\n[vm]\ncpus = 2\n",
        "[network]\nmode = \"bridge\"\n[vm]\ncpus = 2\n",
        "[network] # mine\nmode = \"bridge\"\n  subnet = \"10.9.0.0/24\" # by hand\n",
        "network.mode = \"bridge\"\n[vm]\ncpus = 2\n",
        "network.subnet = \"10.9.0.0/24\"\n"
      })
  void theLineIsThereAndTheFileIsAsItWasAfterwards(String before) {
    String after = SubnetLine.with(before, NEW).orElseThrow();
    assertThat(after).containsOnlyOnce("subnet = \"10.88.0.0/20\"").doesNotContain("10.9.0.0");
    assertThat(after.indexOf("subnet"))
        .isLessThan(
            after.contains("[vm]") && before.contains("etwork")
                ? after.indexOf("[vm]")
                : Integer.MAX_VALUE);
    assertThat(SubnetLine.undone(after, NEW, SubnetLine.of(before))).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"network = { mode = \"bridge\" }\n"})
  void whatIsNotUnderstoodIsNotTouched(String before) {
    assertThat(SubnetLine.with(before, NEW)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"[network]\nsubnet = \"10.77.0.0/24\"\n"})
  void whatSomebodyElseWroteMeanwhileStays(String now) {
    assertThat(SubnetLine.undone(now, NEW, "")).isEqualTo(now);
  }
}
