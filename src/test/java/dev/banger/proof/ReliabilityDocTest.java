package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/reliability.md names a test for each promise, and each of them is there. */
class ReliabilityDocTest {
  private static final Pattern PROOF = Pattern.compile("`(\\w+Test)(?:#(\\w+))?`");

  @Test
  void everyPromiseNamesATestThatIsThere() throws IOException {
    Map<String, Path> tests = tests();
    List<String> promises =
        Files.readAllLines(Path.of("docs/reliability.md")).stream()
            .filter(line -> line.startsWith("| ") && !line.startsWith("| promise"))
            .toList();
    assertThat(promises).hasSizeGreaterThan(10);
    for (String promise : promises) {
      Matcher proof = PROOF.matcher(promise);
      int found = 0;
      while (proof.find()) {
        found++;
        assertThat(tests).as(promise).containsKey(proof.group(1));
        if (proof.group(2) != null) {
          assertThat(Files.readString(tests.get(proof.group(1))))
              .as(promise)
              .contains("void " + proof.group(2) + "(");
        }
      }
      assertThat(found).as(promise).isPositive();
    }
  }

  private static Map<String, Path> tests() throws IOException {
    try (Stream<Path> all = Files.walk(Path.of("src/test/java"))) {
      return all.filter(path -> path.toString().endsWith("Test.java"))
          .collect(
              Collectors.toMap(
                  path -> path.getFileName().toString().replace(".java", ""), Function.identity()));
    }
  }
}
