package dev.banger.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** docs/state-dir.md and the kinds of steps say the same. */
class StateDirTest {
  @Test
  void thePageNamesEveryKindOfStepAndNoOther() throws Exception {
    Matcher names =
        Pattern.compile(
                "\\b[A-Z]{2,}(?:_[A-Z]+)+\\b|\\bVMM\\b(?= \\|)|\\b(?:HOOKS|PROGRAMS|TEARDOWN)\\b")
            .matcher(Files.readString(Path.of("docs/state-dir.md")));
    Set<String> named = new TreeSet<>();
    while (names.find()) {
      named.add(names.group());
    }
    named.removeIf(name -> name.startsWith("BANGER_") || name.startsWith("XDG_"));
    assertThat(named)
        .isEqualTo(
            Arrays.stream(StepKind.values())
                .map(Enum::name)
                .collect(Collectors.toCollection(TreeSet::new)));
  }
}
