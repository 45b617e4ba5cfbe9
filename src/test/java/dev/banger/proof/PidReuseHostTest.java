package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A pid says nothing about who has it: {@link PidReuseMain} plays it in a namespace. */
class PidReuseHostTest {
  @Test
  void aStrangerWithTheVmmsPidIsNeitherAdoptedNorKilled() throws Exception {
    assertThat(play()).isEqualTo("ok");
  }

  @Test
  void neitherIsAnotherProcessOfTheSameProgram() throws Exception {
    assertThat(play("same")).isEqualTo("ok");
  }

  private static String play(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("unshare", "--pid", "--fork", "--mount-proc", "--kill-child"));
    command.addAll(List.of("sh", "-c", "\"$@\"; exit $?", "sh")); // waits for orphans, too
    command.addAll(List.of("timeout", "60"));
    command.addAll(DaemonJava.plain());
    command.add("-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            PidReuseMain.class.getName()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return said.strip();
  }
}
