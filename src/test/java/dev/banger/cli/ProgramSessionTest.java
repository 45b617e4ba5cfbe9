package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.model.Version;
import dev.banger.rpc.ControlMessage;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client as a process of its own: its descriptors, its signals, its exit status. */
@Timeout(90)
final class ProgramSessionTest {
  @TempDir Path home;
  private FakeDaemon daemon;

  @BeforeEach
  void start() throws Exception {
    daemon = new FakeDaemon(home, Version.TEXT);
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  private Process client(String... arguments) throws Exception {
    return builder(arguments).start();
  }

  private ProcessBuilder builder(String... arguments) {
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
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("BANGER_HOME", home.toString());
    return builder;
  }

  @Test
  void aFullDiskIsAnErrorOfOurs() throws Exception {
    Process client =
        builder("vm", "exec", "-n", "web", "--", "yes")
            .redirectOutput(Path.of("/dev/full").toFile())
            .start();
    assertThat(read(client.getErrorStream()))
        .contains("cannot write the program's output")
        .contains("NO_SPACE");
    assertThat(client.waitFor()).isEqualTo(125);
    assertThat(daemon.sessions.poll(30, TimeUnit.SECONDS)).isEqualTo("lost");
    assertThat(daemon.requests).noneMatch(r -> r instanceof ControlMessage.Signal);
  }

  private static String read(InputStream in) throws Exception {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void outputErrorsAndStatusStayApart() throws Exception {
    Process client = client("vm", "run", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
    assertThat(read(client.getInputStream())).isEqualTo("out\n");
    assertThat(read(client.getErrorStream())).endsWith("err\n");
    assertThat(client.waitFor()).isEqualTo(7);
  }

  @Test
  void stdinArrivesWholeAndItsEndToo() throws Exception {
    byte[] data = new byte[20 << 20];
    new Random(7).nextBytes(data);
    Process client = client("vm", "exec", "web", "--", "sha256sum");
    try (OutputStream in = client.getOutputStream()) {
      in.write(data);
    }
    String hash = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    assertThat(read(client.getInputStream())).startsWith(hash);
    assertThat(client.waitFor()).isZero();
  }

  @Test
  void ctrlCReachesTheProgramAndASecondOneKillsIt() throws Exception {
    Process client =
        client(
            "vm",
            "exec",
            "-n",
            "web",
            "--",
            "sh",
            "-c",
            "trap 'echo caught' INT; echo ready; while :; do sleep 1 & wait $!; done");
    assertThat(client.inputReader().readLine()).isEqualTo("ready");
    interrupt(client);
    assertThat(client.inputReader().readLine()).isEqualTo("caught");
    interrupt(client);
    assertThat(client.waitFor()).isEqualTo(128 + 9);
    assertThat(daemon.requests)
        .contains(new ControlMessage.Signal(2), new ControlMessage.Signal(9));
  }

  private static void interrupt(Process process) throws Exception {
    assertThat(new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor())
        .isZero();
  }

  @Test
  void dockersStatusesTellWhatWentWrong() throws Exception {
    Path plain = Files.writeString(home.resolve("plain"), "no program");
    assertThat(client("vm", "exec", "web", "--", "/no/such/program").waitFor()).isEqualTo(127);
    assertThat(client("vm", "exec", "web", "--", plain.toString()).waitFor()).isEqualTo(126);
    assertThat(client("vm", "exec", "nothing", "--", "true").waitFor()).isEqualTo(125);
  }

  @Test
  void aLostClientIsNoticed() throws Exception {
    Process client = client("vm", "exec", "web", "--", "sh", "-c", "echo ready; cat");
    assertThat(client.inputReader().readLine()).isEqualTo("ready");
    client.destroyForcibly();
    assertThat(daemon.sessions.poll(30, TimeUnit.SECONDS)).isEqualTo("lost");
  }

  @Test
  void aReaderThatGoesAwayEndsTheWriting() throws Exception {
    Process client = client("vm", "exec", "-n", "web", "--", "yes");
    client.getInputStream().read();
    client.getInputStream().close();
    assertThat(client.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(client.exitValue()).isEqualTo(128 + 13);
  }
}
