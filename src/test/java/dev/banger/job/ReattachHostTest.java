package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Daemons come and go, by kill -9 and in order; programs, and who watches them, stay. */
class ReattachHostTest {
  private static final int BLOCK = 10_000;
  private static final Random RANDOM = new Random(20261123);
  private static Host host;

  @BeforeAll
  static void open() throws Exception {
    host = Host.open();
    host.banger("vm", "create", "web", "--start").ok();
  }

  @AfterAll
  static void close() throws Exception {
    host.close();
  }

  /** Kills the daemon each time when the file has grown by so much; returns how often it did. */
  private static int killWhile(Process client, Path growing, long step, int times)
      throws Exception {
    int kills = 0;
    long next = step;
    while (kills < times && client.isAlive()) {
      long now = Files.size(growing);
      if (now < next) {
        Thread.sleep(5); // polling a file that another process writes
        continue;
      }
      Thread.sleep(RANDOM.nextInt(100)); // the moment shall be any
      if (client.isAlive()) {
        kill(host.daemonPid());
        kills++;
        next = Files.size(growing) + step;
      }
    }
    return kills;
  }

  private static void kill(long pid) throws Exception {
    assertThat(host.shell(List.of("kill", "-9", Long.toString(pid))).waitFor()).isZero();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> ProcessHandle.of(pid).map(p -> !p.isAlive()).orElse(true));
  }

  private static int end(Process client) throws Exception {
    assertThat(client.waitFor(Host.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return client.exitValue();
  }

  private static Process startTo(Path out, Path err, String... arguments) throws IOException {
    List<String> words = new ArrayList<>(List.of("bash", "-c", "exec banger \"$@\" >$OUT 2>$ERR"));
    words.add("banger");
    words.addAll(List.of(arguments));
    words.set(2, words.get(2).replace("$OUT", out.toString()).replace("$ERR", err.toString()));
    Files.write(out, new byte[0]);
    return host.shell(words);
  }

  /** Numbers from 1 on, a block at a time, until there is a file {@code /tmp/enough}. */
  private static String counting() {
    return "n=0; until [ -e /tmp/enough ]; do seq $((n + 1)) $((n + "
        + BLOCK
        + ")); n=$((n + "
        + BLOCK
        + ")); done";
  }

  /** Each number once, in order, in whole blocks. */
  private static void assertCounted(Path file) throws IOException {
    String text = Files.readString(file);
    List<String> lines = text.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).equals(Integer.toString(i + 1))) {
        throw new AssertionError(file + " has '" + lines.get(i) + "' in place of " + (i + 1));
      }
    }
    assertThat(lines.size() % BLOCK).as("lines behind the last whole block").isZero();
    assertThat(text).endsWith(lines.size() + "\n");
  }

  @Test
  void threeKilledDaemonsLoseAndDoubleNoByteOfOutput() throws Exception {
    Path out = host.home().resolve("out");
    Path err = host.home().resolve("err");
    String command = "(" + counting() + ") & (" + counting() + ") >&2; wait; exit 7";
    Process client = startTo(out, err, "vm", "exec", "-n", "web", "--", "sh", "-c", command);
    assertThat(killWhile(client, out, 1 << 19, 3)).isEqualTo(3);
    host.banger("vm", "exec", "web", "--", "touch", "/tmp/enough").ok();
    assertThat(end(client)).isEqualTo(7);
    assertCounted(out);
    assertCounted(err);
  }

  @Test
  void threeKilledDaemonsLoseAndDoubleNoByteOfInput() throws Exception {
    byte[] data = new byte[60 << 20];
    RANDOM.nextBytes(data);
    Path in = Files.write(host.home().resolve("in"), data);
    Path out = host.home().resolve("echo");
    Files.write(out, new byte[0]);
    Process client =
        host.shell(
            List.of(
                "bash",
                "-c",
                "cat "
                    + in
                    + " | banger vm exec web -- sh -c 'tee /dev/stderr | sha256sum >&2'"
                    + " 2>"
                    + out
                    + ".both; status=$?; tail -c 68 "
                    + out
                    + ".both > "
                    + out
                    + "; exit $status"));
    Path both = Path.of(out + ".both");
    await().atMost(Duration.ofSeconds(60)).until(() -> Files.exists(both));
    assertThat(killWhile(client, both, 6 << 20, 3)).isEqualTo(3);
    assertThat(end(client)).isZero();
    String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(data));
    assertThat(Files.readString(out)).startsWith(digest);
    byte[] echoed = Files.readAllBytes(both);
    assertThat(echoed).hasSize(data.length + 68);
    assertThat(java.util.Arrays.equals(echoed, 0, data.length, data, 0, data.length)).isTrue();
  }

  @Test
  void aTerminalIsTakenUpAgainAndRestoredAtTheEnd() throws Exception {
    Path screen = host.home().resolve("screen");
    Files.write(screen, new byte[0]);
    String command =
        "banger vm exec -t web -- seq 1 1000000 2>/dev/null; stty -a | grep -c -- -icanon";
    Process client =
        host.shell(
            List.of("bash", "-c", "script -qfec '" + command + "' " + screen + " > /dev/null"));
    assertThat(killWhile(client, screen, 1 << 20, 2)).isEqualTo(2);
    assertThat(end(client)).isEqualTo(1); // grep found no raw mode
    List<String> shown =
        Files.readString(screen, StandardCharsets.UTF_8)
            .lines()
            .map(String::strip)
            .filter(line -> line.matches("[0-9]+"))
            .toList();
    assertThat(shown).hasSize(1_000_001).last().isEqualTo("0");
    assertThat(IntStream.range(0, 1_000_000).allMatch(i -> shown.get(i).equals("" + (i + 1))))
        .isTrue();
  }

  @Test
  void aOneShotRunSurvivesItsDaemonAndIsGoneAtItsEnd() throws Exception {
    Path out = host.home().resolve("one-shot");
    Process client =
        startTo(
            out,
            host.home().resolve("one-shot-errors"),
            "vm",
            "run",
            "--",
            "sh",
            "-c",
            "for i in 1 2 3 4 5 6; do echo $i; sleep 1; done; exit 5");
    assertThat(killWhile(client, out, 2, 2)).isEqualTo(2);
    assertThat(end(client)).isEqualTo(5);
    assertThat(Files.readString(out)).isEqualTo("1\n2\n3\n4\n5\n6\n");
    assertThat(host.banger("vm", "ls", "--all", "-q").ok().out().lines()).hasSize(1);
  }

  @Test
  void aOneShotRunWhoseClientDiedWithTheDaemonIsRemoved() throws Exception {
    Path out = host.home().resolve("orphan");
    Process client =
        startTo(
            out,
            host.home().resolve("orphan-errors"),
            "vm",
            "run",
            "--",
            "sh",
            "-c",
            "echo; exec sleep 600");
    await().atMost(Duration.ofSeconds(90)).until(() -> Files.size(out) > 0);
    long daemon = host.daemonPid();
    client.destroyForcibly().waitFor(); // a moment before: no time for SIGHUP and 10 s
    kill(daemon);
    await()
        .atMost(Duration.ofSeconds(90))
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> host.banger("vm", "ls", "--all", "-q").ok().out().lines().count() == 1);
  }

  @Test
  void aDaemonThatEndsInOrderHangsUpOnNoProgramAndItsClientWaitsForTheNext() throws Exception {
    Path out = host.home().resolve("ordered");
    Process client =
        startTo(
            out,
            host.home().resolve("ordered-errors"),
            "vm",
            "exec",
            "-n",
            "web",
            "--",
            "sh",
            "-c",
            "trap 'echo hup; exit 1' HUP; for i in 1 2 3 4 5 6; do echo $i; sleep 1; done");
    await().atMost(Duration.ofSeconds(60)).until(() -> Files.size(out) > 0);
    long before = host.daemonPid();
    host.banger("daemon", "stop").ok();
    assertThat(host.home().resolve("run/banger.sock")).doesNotExist();
    host.banger("daemon", "start").ok();
    assertThat(host.daemonPid()).isNotEqualTo(before);
    assertThat(end(client)).isZero();
    assertThat(Files.readString(out)).isEqualTo("1\n2\n3\n4\n5\n6\n");
  }

  @Test
  void aJobInTheBackgroundOfATerminalEndsWhenItIsKilled() throws Exception {
    Process shell =
        host.shell(
            List.of(
                "bash",
                "-c",
                "script -qec 'bash -mc \"banger vm exec web -- sleep 600 & sleep 4; kill %1; wait; exit 9\"' "
                    + "/dev/null > /dev/null"));
    assertThat(shell.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(shell.exitValue()).isEqualTo(9);
  }
}
