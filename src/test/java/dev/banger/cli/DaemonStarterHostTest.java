package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real daemon, started by real clients. */
@Timeout(180)
final class DaemonStarterHostTest {
  @TempDir Path home;

  private Process client(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                System.getProperty("java.home") + "/bin/java",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.banger.Main"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("BANGER_HOME", home.toString());
    return builder.start();
  }

  @AfterEach
  void stop() throws Exception {
    assertThat(client("daemon", "stop").waitFor()).isZero();
    assertThat(home.resolve("run/banger.sock")).doesNotExist();
  }

  @Test
  void tenClientsTogetherStartOneDaemon() throws Exception {
    List<Process> clients = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      clients.add(client("daemon", "start", "--json"));
    }
    Set<String> answers = new HashSet<>();
    for (Process client : clients) {
      answers.add(
          new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
      assertThat(client.waitFor()).isZero();
    }
    assertThat(answers).as("all talk to one pid").hasSize(1);
    assertThat(
            ProcessHandle.allProcesses()
                .filter(process -> isDaemonOf(process, home.toString()))
                .count())
        .isEqualTo(1);
  }

  /** A daemon of ours is told by its environment: only there is its home. */
  private static boolean isDaemonOf(ProcessHandle process, String home) {
    try {
      byte[] environment =
          Files.readAllBytes(Path.of("/proc", Long.toString(process.pid()), "environ"));
      String command = Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
      return new String(environment, StandardCharsets.UTF_8).contains("BANGER_HOME=" + home)
          && command.contains("dev.banger.Main\0daemon\0");
    } catch (IOException e) {
      return false;
    }
  }
}
