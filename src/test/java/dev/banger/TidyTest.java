package dev.banger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the house style says of sources, as far as text shows it. */
final class TidyTest {
  private static final int FILE_LIMIT = 500;
  private static final int METHOD_LIMIT = 60;

  /** As the formatter writes a method: two, four or six spaces, a signature, a brace at the end. */
  private static final Pattern METHOD_START =
      Pattern.compile("( {2}| {4}| {6})[\\w@<].*\\)(?: throws [\\w., ]+)? \\{");

  private static final Pattern CONTINUED_START = Pattern.compile(" +(?:throws )?[^;=]*\\) ?.*\\{");

  @Test
  void filesAndMethodsAreShort() throws IOException {
    List<String> long_ = new ArrayList<>();
    for (Path file : sources("src", ".java")) {
      List<String> lines = Files.readAllLines(file);
      if (lines.size() > FILE_LIMIT) {
        long_.add(file + " has " + lines.size() + " lines");
      }
      long_.addAll(longBlocks(file, lines));
    }
    assertThat(long_).isEmpty();
  }

  /** A brace that opens behind a parenthesis, and closes at the same indentation much later. */
  private static List<String> longBlocks(Path file, List<String> lines) {
    List<String> found = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (!METHOD_START.matcher(line).matches() && !CONTINUED_START.matcher(line).matches()) {
        continue;
      }
      int indentation = line.length() - line.stripLeading().length();
      int end = i + 1;
      while (end < lines.size() && !closes(lines.get(end), indentation)) {
        end++;
      }
      if (end - i > METHOD_LIMIT
          && !line.contains(" class ")
          && !line.contains(" record ")
          && !line.contains(" enum ")
          && !line.contains("new ")) {
        found.add(file + ":" + (i + 1) + " has " + (end - i) + " lines: " + line.strip());
      }
    }
    return found;
  }

  private static boolean closes(String line, int indentation) {
    return line.startsWith(
            "}", Math.min(line.length(), line.length() - line.stripLeading().length()))
        && line.length() - line.stripLeading().length() <= indentation;
  }

  @Test
  void filesOfTheGuestAreShort() throws IOException {
    List<String> long_ = new ArrayList<>();
    for (Path file : sources("guest", ".c")) {
      int lines = Files.readAllLines(file).size();
      if (lines > FILE_LIMIT) {
        long_.add(file + " has " + lines + " lines");
      }
    }
    assertThat(long_).isEmpty();
  }

  @Test
  void functionsOfTheGuestAreShort() throws IOException {
    List<String> long_ = new ArrayList<>();
    for (Path file : sources("guest", ".c")) {
      List<String> lines = Files.readAllLines(file);
      int start = -1;
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).equals("{") || lines.get(i).matches("\\w.*\\) \\{")) {
          start = i;
        } else if (lines.get(i).equals("}") && start >= 0) {
          if (i - start > METHOD_LIMIT) {
            long_.add(file + ":" + (start + 1) + " has " + (i - start) + " lines");
          }
          start = -1;
        }
      }
    }
    assertThat(long_).isEmpty();
  }

  @Test
  void everyPackageSaysWhatItIs() throws IOException {
    Set<Path> packages = new TreeSet<>();
    for (Path file : sources("src/main/java", ".java")) {
      packages.add(file.resolveSibling("package-info.java"));
    }
    assertThat(packages).allSatisfy(info -> assertThat(info).exists());
  }

  @Test
  void nothingIsSynchronizedAndNothingIsLeftToDo() throws IOException {
    Pattern unwanted = Pattern.compile("\\bsynchronized\\b|\\b(?:TODO|FIXME|XXX)\\b");
    List<String> found = new ArrayList<>();
    List<Path> files = new ArrayList<>(sources("src", ".java"));
    files.addAll(sources("guest", ".c"));
    files.addAll(sources("guest", ".h"));
    files.removeIf(file -> file.endsWith("TidyTest.java"));
    for (Path file : files) {
      Matcher matcher = unwanted.matcher(Files.readString(file));
      if (matcher.find()) {
        found.add(file + " holds " + matcher.group());
      }
    }
    assertThat(found).isEmpty();
  }

  private static List<Path> sources(String directory, String ending) throws IOException {
    if (!Files.isDirectory(Path.of(directory))) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(Path.of(directory))) {
      return files
          .filter(file -> file.toString().endsWith(ending))
          .filter(file -> !file.startsWith(Path.of("guest/build")))
          .sorted()
          .toList();
    }
  }
}
