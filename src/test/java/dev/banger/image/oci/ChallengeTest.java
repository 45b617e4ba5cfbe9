package dev.banger.image.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChallengeTest {
  @Test
  void aBearerChallengeIsRead() {
    assertThat(
            Challenge.parse(
                List.of(
                    "Bearer realm=\"https://auth.test/token\",service=\"reg\","
                        + "scope=\"repository:a/b:pull,push\"")))
        .containsExactly(
            new Challenge(
                "bearer",
                Map.of(
                    "realm", "https://auth.test/token",
                    "service", "reg",
                    "scope", "repository:a/b:pull,push")));
  }

  @Test
  void severalChallengesStandInOneLineOrInMany() {
    List<Challenge> found =
        Challenge.parse(
            List.of("Negotiate abc==, Basic realm=\"a \\\"b\\\"\" , bearer Realm=x", "Digest"));
    assertThat(found)
        .extracting(Challenge::scheme)
        .containsExactly("negotiate", "basic", "bearer", "digest");
    assertThat(found.get(1).parameter("realm")).isEqualTo("a \"b\"");
    assertThat(found.get(2).parameter("realm")).isEqualTo("x");
  }

  @Test
  void anyTextIsReadToAnEnd() {
    long seed = Long.getLong("banger.test.seed", System.nanoTime());
    Random random = new Random(seed);
    String alphabet = "abB=,\"\\ \t;:/é\u0000()";
    for (int i = 0; i < 50_000; i++) {
      StringBuilder text = new StringBuilder();
      int length = random.nextInt(30);
      for (int j = 0; j < length; j++) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      assertThat(Challenge.parse(List.of(text.toString()))).as("seed %d", seed).hasSizeLessThan(17);
    }
  }

  @Test
  void aLongLineIsNotLookedAt() {
    assertThat(Challenge.parse(List.of("Basic realm=\"" + "x".repeat(10_000) + "\""))).isEmpty();
  }
}
