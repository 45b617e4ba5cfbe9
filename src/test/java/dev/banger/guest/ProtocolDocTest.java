package dev.banger.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** guest/PROTOCOL.md and the numbers here are the same. */
class ProtocolDocTest {
  private static final Pattern KIND_ROW = Pattern.compile("\\| 0x([0-9A-F]{4}) \\| (\\w+) \\|.*");
  private static final Pattern TAG_ROW = Pattern.compile("\\| (\\d+) \\| (\\w+) \\|.*");

  @Test
  void everyKindOfMessageHasTheNumberOfTheTables() throws IOException {
    Map<String, Integer> here = new TreeMap<>();
    for (Kind kind : Kind.values()) {
      here.put(kind.name(), kind.code());
    }
    assertThat(rows(KIND_ROW, 16)).isEqualTo(here);
  }

  @Test
  void everySectionHasTheTagOfTheTable() throws IOException {
    Map<String, Integer> here = new TreeMap<>();
    for (SectionTag tag : SectionTag.values()) {
      here.put(tag.name().replace("_", "").toLowerCase(Locale.ROOT), tag.tag());
    }
    Map<String, Integer> there = new TreeMap<>();
    rows(TAG_ROW, 10).forEach((name, tag) -> there.put(name.toLowerCase(Locale.ROOT), tag));
    assertThat(there).isEqualTo(here);
  }

  private static Map<String, Integer> rows(Pattern row, int radix) throws IOException {
    Map<String, Integer> rows = new TreeMap<>();
    for (String line : Files.readAllLines(Path.of("guest/PROTOCOL.md"))) {
      Matcher matcher = row.matcher(line);
      if (matcher.matches()) {
        Integer before = rows.put(matcher.group(2), Integer.parseInt(matcher.group(1), radix));
        assertThat(before).as("two rows for " + matcher.group(2)).isNull();
      }
    }
    return rows;
  }
}
