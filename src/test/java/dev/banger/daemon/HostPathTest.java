package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostPathTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "relative", "./here", "/a\nb", "/a\0b"})
  void onlyAbsolutePathsWithoutControlCharactersArePaths(String text) {
    assertThatThrownBy(() -> HostPath.parse(text)).hasMessageContaining("absolute path");
  }

  @Test
  void namesOfAnyLanguageArePaths() throws Exception {
    assertThat(HostPath.parse("/srv/räume/a b")).isEqualTo(Path.of("/srv/räume/a b"));
    assertThat(HostPath.optional(null)).isEmpty();
  }
}
