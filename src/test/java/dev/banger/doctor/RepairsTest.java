package dev.banger.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.Directories;
import dev.banger.proc.Binaries;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Repairs by a program that writes down what it is told, and fails when it is told to. */
class RepairsTest {
  @TempDir Path dir;
  private Directories directories;
  private Repairs repairs;

  @BeforeEach
  void aFirewall() throws Exception {
    Path program = dir.resolve("bin").resolve("wall");
    Files.createDirectories(program.getParent());
    Files.writeString(
        program,
        """
        #!/bin/sh
        case "$*" in
          *-C*) grep -q -- gone "%1$s" && exit 1; exit 0;;
          *fail*) echo "no such rule" >&2; exit 3;;
        esac
        echo "$*" >> "%1$s"
        """
            .formatted(dir.resolve("told")),
        java.nio.charset.StandardCharsets.UTF_8);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    directories = Directories.of(Map.of(), dir.resolve("home"), false);
    repairs =
        Repairs.of(
            directories, new Binaries(Map.of(), List.of(program.getParent()), "/usr/bin:/bin"));
  }

  private static Repair repair(String... rules) {
    return new Repair(
        false,
        List.of(rules).stream()
            .<Repair.Change>map(rule ->
                new Repair.Command(List.of("wall", "-I", rule), List.of("wall", "-D", rule)))
            .toList());
  }

  private List<String> told() throws Exception {
    return Files.readAllLines(dir.resolve("told"));
  }

  @Test
  void whatIsDoneIsTakenBackNewestFirstAndOnce() throws Exception {
    repairs.make(repair("one", "two"));
    assertThat(repairs.isEmpty()).isFalse();
    assertThat(repairs.undo()).containsExactly("wall -D two", "wall -D one");
    assertThat(repairs.undo()).isEmpty();
    assertThat(told()).containsExactly("-I one", "-I two", "-D two", "-D one");
    assertThat(directories.data().resolve("repairs")).doesNotExist();
  }

  @Test
  void aRepairThatFailsHalfwayLeavesNothing() throws Exception {
    assertThatThrownBy(() -> repairs.make(repair("one", "fail")))
        .hasMessageContaining("cannot do `wall -I fail`");
    assertThat(told()).startsWith("-I one").contains("-D one");
  }

  @Test
  void whatIsGoneAlreadyIsNotTakenBackAgain() throws Exception {
    repairs.make(repair("one"));
    Files.writeString(dir.resolve("told"), "gone\n");
    assertThat(repairs.undo()).isEmpty();
    assertThat(repairs.isEmpty()).isTrue();
  }

  @Test
  void whatDidNotOutliveABootIsForgotten() throws Exception {
    repairs.make(repair("one"));
    Path file = directories.data().resolve("repairs");
    Files.writeString(file, Files.readString(file).replaceFirst("^[^\t]*", "another-boot"));
    assertThat(repairs.undo()).isEmpty();
    assertThat(told()).containsExactly("-I one");
  }

  @Test
  void anotherSubnetIsWrittenAndTheOldOneComesBack() throws Exception {
    Path config = Files.createDirectories(dir.resolve("home")).resolve("config.toml");
    Files.writeString(config, "[network]\nsubnet = \"10.9.0.0/24\"\n");
    repairs.make(new Repair(true, List.of(new Repair.Subnet("10.88.0.0/20"))));
    assertThat(config).hasContent("[network]\nsubnet = \"10.88.0.0/20\"\n");
    assertThat(repairs.undo()).singleElement().asString().startsWith("network.subnet in ");
    assertThat(config).hasContent("[network]\nsubnet = \"10.9.0.0/24\"\n");
  }
}
