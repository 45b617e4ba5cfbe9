package dev.banger.guest.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlainWordsTest {
  @Test
  void wordsAndSingleQuotesNeedNoShell() {
    assertThat(PlainWords.of("/app  --level=3 'two words' '' x'y'"))
        .contains(List.of("/app", "--level=3", "two words", "", "xy"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "a | b", "a $x", "a 'b", "X=1 a", "a > b", "a *", "a \"b\"", "a\nb"})
  void whatOnlyAShellUnderstandsIsLeftToOne(String command) {
    assertThat(PlainWords.of(command)).isEmpty();
  }
}
