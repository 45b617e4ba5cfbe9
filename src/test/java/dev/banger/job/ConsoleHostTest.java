package dev.banger.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The serial line of a VM with an init: joined by people, and read later. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ConsoleHostTest {
  private static final int LINES = 300;

  /**
   * What is looked for is typed in two halves, so that the echo of the typing does not have it. The
   * first writes, the second asks to and is told, the third only watches.
   */
  private static final String TALK =
      """
      set timeout 120
      set env(TERM) xterm
      proc fail {why} { puts "\\n$why"; exit 99 }
      proc want {who what} { expect -i $who -re $what {} timeout { fail "not seen: $what" } eof { fail "the end came before: $what" } }
      spawn bash -c "banger vm console web; echo le''ft \\$?; stty -a"
      set first $spawn_id
      want $first {ctrl-\\] leaves\\]}
      send -i $first "\\r"
      want $first {root@web:[^ ]*# }
      send -i $first "echo typ''ed \\$((6*7))\\r"
      want $first {typed 42}
      spawn banger vm console web
      set second $spawn_id
      want $second {view only: another client writes}
      spawn banger vm console --view web
      set third $spawn_id
      want $third {view only\\]}
      send -i $second "echo intru''der\\r"
      send -i $first "echo for''all\\r"
      want $first {forall}
      want $second {forall}
      want $third {forall}
      send -i $second "\\035"
      expect -i $second -re intruder { fail "a viewer has typed" } eof {} timeout { fail "the second stays" }
      send -i $third "\\035"
      expect -i $third eof {} timeout { fail "the third stays" }
      send -i $first "\\035"
      want $first {left 0}
      want $first {[ ;]icanon}
      want $first {[ ;]echo}
      exit 0
      """;

  private static Host host;

  @BeforeAll
  static void open() throws Exception {
    host = Host.open();
    host.banger("vm", "create", "web", "--start", "--init-mode", "system").ok();
  }

  @AfterAll
  static void close() throws Exception {
    host.close();
  }

  private static String logs(String... options) throws Exception {
    List<String> words = new java.util.ArrayList<>(List.of("vm", "logs", "web"));
    words.addAll(List.of(options));
    return host.banger(words.toArray(String[]::new)).ok().out();
  }

  private static void write(String line) throws Exception {
    host.sh("banger vm exec -n web -- sh -c 'echo " + line + " > /dev/console'").ok();
    await().atMost(Duration.ofSeconds(20)).until(() -> logs().contains(line));
  }

  @Test
  @Order(1)
  void oneTypesOthersWatchAndTheTerminalIsRestored() throws Exception {
    Path script = Files.writeString(host.home().resolve("talk"), TALK);
    Host.Result result = host.sh("expect -f " + script);
    assertThat(result.status()).as(result.out()).isZero();
  }

  @Test
  @Order(2)
  void aFollowedLogLosesAndDoublesNoLineOverAKilledDaemon() throws Exception {
    Path out = Files.createFile(host.home().resolve("followed"));
    String follow = "exec banger vm logs -f --tail 1 web > " + out + " 2> " + out + ".err";
    Process follower = host.shell(List.of("bash", "-c", follow));
    try {
      await().atMost(Duration.ofSeconds(30)).until(() -> Files.size(out) > 0);
      Process writer =
          host.shell(
              List.of(
                  "bash",
                  "-c",
                  "exec banger vm exec -n web -- sh -c 'echo > /dev/console; for i in `seq "
                      + LINES
                      + "`; do echo line-$i > /dev/console; sleep 0.02; done'"));
      for (int kill = 1; kill <= 2; kill++) {
        String seen = "line-" + kill * 50 + "\r\n";
        await().atMost(Duration.ofSeconds(60)).until(() -> Files.readString(out).contains(seen));
        host.shell(List.of("kill", "-9", Long.toString(host.daemonPid()))).waitFor();
      }
      assertThat(Host.await(writer, new byte[0]).status()).isZero();
      String last = "line-" + LINES + "\r\n";
      await()
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(() ->
              assertThat(Files.readString(out))
                  .as("stderr: %s", Files.readString(Path.of(out + ".err")))
                  .contains(last));
    } finally {
      follower.destroy();
      follower.waitFor();
    }
    assertThat(Files.readString(out).lines().filter(line -> line.startsWith("line-")))
        .containsExactlyElementsOf(
            IntStream.rangeClosed(1, LINES).mapToObj(i -> "line-" + i).toList());
  }

  @Test
  @Order(3)
  void whatWasWrittenSinceThenOrLastIsShownAlone() throws Exception {
    write("earlier");
    Thread.sleep(1500); // a log is marked once a second
    Instant then = Instant.now();
    Thread.sleep(1500);
    write("later");
    assertThat(logs("--since", then.toString())).contains("later").doesNotContain("earlier");
    assertThat(logs("--since", "1h")).contains("earlier", "later");
    assertThat(logs("--tail", "2").lines()).hasSize(2);
    assertThat(logs("--timestamps", "--since", then.toString()))
        .containsPattern("(?m)^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z .*later");
    assertThat(logs("--vmm")).doesNotContain("later");
  }

  @Test
  @Order(4)
  void theLogOfTheStartBeforeIsKept() throws Exception {
    write("before the restart");
    host.banger("vm", "restart", "web").ok();
    assertThat(logs("--previous")).contains("before the restart");
    assertThat(logs()).doesNotContain("before the restart");
  }
}
