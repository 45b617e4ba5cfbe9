package dev.banger.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The real agent as an ordinary process: {@code make -C guest} builds it. */
final class AgentProcess {
  private static final Path BINARY =
      Path.of(System.getProperty("banger.agent", "guest/build/banger-agent"));

  private final Path directory;
  private final Process process;

  private AgentProcess(Path directory, Process process) {
    this.directory = directory;
    this.process = process;
  }

  static AgentProcess start() throws IOException {
    assertThat(BINARY).as("run make -C guest first").isExecutable();
    Path directory = Files.createTempDirectory("agent");
    Path log = directory.resolve("log");
    Process process =
        new ProcessBuilder(BINARY.toString(), "--serve", directory.resolve("socket").toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    AgentProcess agent = new AgentProcess(directory, process);
    await().until(() -> Files.exists(agent.socket()));
    return agent;
  }

  Path socket() {
    return directory.resolve("socket");
  }

  Guest connect() throws Exception {
    return Guest.connect(
        new GuestChannel.Serial(socket()), false, Duration.ofSeconds(20), GuestLimits.standard());
  }

  /** A connection to an agent that has its configuration. */
  Guest configure(Map<String, String> environment) throws Exception {
    Guest guest = connect();
    Ready ready =
        guest.configure(
            GuestConfiguration.builder().environment(environment).build(), Duration.ofSeconds(20));
    assertThat(ready.warnings()).hasSize(1).first().asString().contains("ordinary process");
    return guest;
  }

  /** What it has written to its console. */
  String log() throws IOException {
    return Files.readString(directory.resolve("log"));
  }

  boolean isAlive() {
    return process.isAlive();
  }

  void stop() throws IOException, InterruptedException {
    process.destroy();
    if (!process.waitFor(5, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
