package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** One VM that stays, and commands that come and go. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MainJobHostTest {
  private static final long SEED = 20261123;
  private static Host host;

  @BeforeAll
  static void open() throws Exception {
    host = Host.open();
  }

  @AfterAll
  static void close() throws Exception {
    host.close();
  }

  @Test
  @Order(1)
  void runPrintsOnBothStreamsAndPassesTheStatusThrough() throws Exception {
    Host.Result result =
        host.banger("vm", "run", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
    assertThat(result.out()).isEqualTo("out\n");
    assertThat(result.err()).endsWith("err\n");
    assertThat(result.status()).isEqualTo(7);
    assertThat(host.banger("vm", "ls", "--all", "--json").ok().out()).doesNotContain("\"id\"");
  }

  @Test
  @Order(2)
  void createStartsAVmThatIsListedAndAnswers() throws Exception {
    host.banger(
            "vm", "create", "web", "--start", "--memory", "384M", "--env", "GREETING=hello there")
        .ok();
    assertThat(host.banger("vm", "ls").ok().out()).contains("web").contains("running");
    assertThat(
            host.banger(
                    "vm", "exec", "web", "--", "sh", "-c", "echo $GREETING; hostname; id -un; pwd")
                .ok()
                .out())
        .isEqualTo("hello there\nweb\nroot\n/root\n");
  }

  @Test
  @Order(3)
  void fiftyMegabytesGoInWhole() throws Exception {
    byte[] input = new byte[50 << 20];
    new Random(SEED).nextBytes(input);
    Host.Result result = host.bangerWithInput(input, "vm", "exec", "web", "--", "sha256sum").ok();
    String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(input));
    assertThat(result.out()).startsWith(digest);
  }

  @Test
  @Order(3)
  void missingAndUnusableProgramsExitAsInDocker() throws Exception {
    assertThat(host.banger("vm", "exec", "web", "--", "no-such-program").status()).isEqualTo(127);
    assertThat(host.banger("vm", "exec", "web", "--", "/etc/passwd").status()).isEqualTo(126);
    assertThat(host.banger("vm", "exec", "nobody", "--", "true").status()).isEqualTo(125);
    assertThat(host.banger("vm", "exec", "web", "--", "sh", "-c", "kill -TERM $$").status())
        .isEqualTo(128 + 15);
  }

  @Test
  @Order(3)
  void aFloodingProgramDoesNotStallAnother() throws Exception {
    Process flood = host.start("vm", "exec", "web", "--", "cat", "/dev/zero");
    try {
      await().atMost(Duration.ofSeconds(60)).until(() -> flood.getInputStream().available() > 0);
      assertThat(host.banger("vm", "exec", "web", "--", "echo", "here").ok().out())
          .isEqualTo("here\n");
    } finally {
      flood.destroyForcibly().waitFor();
    }
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> host.banger("vm", "exec", "web", "--", "pgrep", "-x", "cat").status() == 1);
  }

  @Test
  @Order(3)
  void filesGoInAndComeBackAsTheyWere() throws Exception {
    Path tree = Files.createDirectory(host.home().resolve("tree"));
    Files.writeString(tree.resolve("plain"), "text");
    Files.createDirectory(tree.resolve("with space"));
    Files.createSymbolicLink(tree.resolve("with space/link"), Path.of("../plain"));
    byte[] big = new byte[3 << 20];
    new Random(SEED).nextBytes(big);
    Files.write(tree.resolve("big"), big);
    host.banger("vm", "cp", tree.toString(), "web:/tmp/").ok();
    assertThat(
            host.banger("vm", "exec", "web", "--", "cat", "/tmp/tree/with space/link").ok().out())
        .isEqualTo("text");
    host.banger("vm", "cp", "web:/tmp/tree", host.home().resolve("back").toString()).ok();
    assertThat(host.sh("diff -r " + tree + " " + host.home().resolve("back")).out()).isEmpty();
    assertThat(host.home().resolve("back/with space/link")).isSymbolicLink();
  }

  @Test
  @Order(3)
  void theGuestHasNetworkNameAndTime() throws Exception {
    Host.Result result =
        host.banger(
                "vm",
                "exec",
                "web",
                "--",
                "sh",
                "-c",
                "ip -4 -o addr show scope global; ip route; cat /etc/resolv.conf; date +%s")
            .ok();
    assertThat(result.out())
        .contains("10.0.2.15/24")
        .contains("default via 10.0.2.2")
        .contains("nameserver 10.0.2.3");
    long guest = Long.parseLong(result.out().lines().toList().getLast());
    assertThat(Math.abs(guest - System.currentTimeMillis() / 1000)).isLessThan(30);
  }

  @Test
  @Order(4)
  void systemdComesUpWithNoUnitFailedByOurDoing() throws Exception {
    Host.Result state =
        host.banger("vm", "exec", "web", "--", "systemctl", "is-system-running", "--wait");
    assertThat(state.out().strip()).isIn("running", "degraded");
    assertThat(
            host.banger(
                    "vm", "exec", "web", "--", "systemctl", "--failed", "--no-legend", "--plain")
                .ok()
                .out())
        .isEmpty();
  }

  @Test
  @Order(5)
  void whatIsWrittenSurvivesARestartOfTheVm() throws Exception {
    host.banger(
            "vm",
            "exec",
            "web",
            "--",
            "sh",
            "-c",
            "echo kept > /root/home; echo kept > /etc/system; sync")
        .ok();
    host.banger("vm", "restart", "web").ok();
    assertThat(
            host.banger("vm", "exec", "web", "--", "cat", "/root/home", "/etc/system").ok().out())
        .isEqualTo("kept\nkept\n");
  }

  @Test
  @Order(6)
  void aVmOutlivesItsDaemonAndIsTakenOver() throws Exception {
    Process talk =
        host.start("vm", "exec", "web", "--", "sh", "-c", "echo begun; read word; echo $word");
    assertThat(talk.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("begun");
    long daemon = host.daemonPid();
    ProcessHandle.of(daemon).orElseThrow().destroyForcibly();
    assertThat(host.banger("vm", "ls").ok().out()).contains("web").contains("running");
    assertThat(host.banger("vm", "exec", "web", "--", "cat", "/root/home").ok().out())
        .isEqualTo("kept\n");
    assertThat(host.daemonPid()).isNotEqualTo(daemon);
    talk.getOutputStream().write("answered\n".getBytes(StandardCharsets.UTF_8));
    talk.getOutputStream().flush();
    assertThat(talk.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("answered");
    assertThat(talk.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(talk.exitValue()).isZero();
  }

  @Test
  @Order(7)
  void aGuestThatPowersItselfOffIsSeenAsStopped() throws Exception {
    host.banger("vm", "restart", "web", "--wait-system").ok();
    host.banger("vm", "exec", "web", "--", "systemctl", "poweroff").ok();
    assertThat(awaitShown("the guest powered off")).contains("stopped");
    host.banger("vm", "start", "web").ok();
  }

  @Test
  @Order(8)
  void aGuestThatRebootsComesUpAgain() throws Exception {
    String pid = field(host.banger("vm", "show", "web", "--json").ok().out(), "pid");
    host.banger("vm", "exec", "web", "--", "sh", "-c", "echo b > /proc/sysrq-trigger");
    await()
        .atMost(Duration.ofSeconds(90))
        .until(() -> {
          String shown = host.banger("vm", "show", "web", "--json").out();
          return shown.contains("running") && !field(shown, "pid").equals(pid);
        });
    assertThat(host.banger("vm", "exec", "web", "--", "cat", "/root/home").ok().out())
        .isEqualTo("kept\n");
  }

  private static String awaitShown(String text) {
    return await()
        .atMost(Duration.ofSeconds(90))
        .until(
            () -> host.banger("vm", "show", "web", "--json").out(), shown -> shown.contains(text));
  }

  private static String field(String json, String name) {
    return json.replaceAll("(?s).*\"" + name + "\"\\s*:\\s*(\\d+).*", "$1");
  }

  @Test
  @Order(9)
  void killEndsAtOnceAndDeleteWantsForceForARunningVm() throws Exception {
    Host.Result refused = host.banger("vm", "delete", "web");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.err()).contains("running").contains("--force");
    host.banger("vm", "kill", "web").ok();
    assertThat(host.banger("vm", "ls", "--all").ok().out()).contains("stopped");
    host.banger("vm", "delete", "web").ok();
    assertThat(host.banger("vm", "show", "web").status()).isEqualTo(1);
  }

  @Test
  @Order(10)
  void tenClientsAtOnceStartOneDaemon() throws Exception {
    host.banger("daemon", "stop").ok();
    List<Process> clients = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      clients.add(host.start("vm", "ls"));
    }
    for (Process client : clients) {
      Host.await(client, new byte[0]).ok();
    }
    String daemon = Long.toString(host.daemonPid());
    assertThat(host.processes()).singleElement().asString().startsWith(daemon + " ");
  }

  @Test
  @Order(10)
  void controlCReachesTheGuestsProgramAndTheVmGoes() throws Exception {
    Process run =
        host.start(
            "vm",
            "run",
            "--",
            "sh",
            "-c",
            "trap 'echo caught; exit 9' INT; echo begun; while :; do sleep 0.1; done");
    assertThat(run.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("begun");
    new ProcessBuilder("kill", "-INT", Long.toString(run.pid())).start().waitFor();
    assertThat(run.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("caught");
    assertThat(run.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(run.exitValue()).isEqualTo(9);
    assertThat(host.banger("vm", "ls", "--all", "--json").ok().out()).doesNotContain("\"id\"");
  }

  @Test
  @Order(10)
  void aOneShotVmGoesWithItsClient() throws Exception {
    Process run = host.start("vm", "run", "--", "sh", "-c", "echo begun; sleep 600");
    assertThat(run.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("begun");
    run.destroyForcibly().waitFor();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> !host.banger("vm", "ls", "--all", "--json").out().contains("\"id\""));
  }

  @Test
  @Order(10)
  void aCancelledCreateLeavesNothing() throws Exception {
    Process create = host.start("vm", "create", "gone", "--start");
    await().until(() -> host.banger("vm", "ls", "--all").out().contains("starting"));
    new ProcessBuilder("kill", "-INT", Long.toString(create.pid())).start().waitFor();
    assertThat(create.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(create.exitValue()).isNotZero();
    assertThat(host.banger("vm", "ls", "--all", "--json").ok().out()).doesNotContain("\"id\"");
  }
}
