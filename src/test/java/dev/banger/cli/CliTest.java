package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.DaemonApi;
import dev.banger.api.StreamApi;
import dev.banger.api.VmApi;
import dev.banger.model.Version;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class CliTest {
  @TempDir Path home;

  private Run cli(String... arguments) {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, 2);
    all[2] = "--data-dir";
    all[3] = home.toString();
    System.arraycopy(arguments, 2, all, 4, arguments.length - 2);
    return Run.cli(all);
  }

  @Test
  void badUsageIsOneErrorAndStatusTwoAndStartsNoDaemon() {
    String[][] lines = {
      {"nope"},
      {"vm", "nope"},
      {"vm", "ls", "--bogus"},
      {"vm", "ls", "extra"},
      {"vm", "ls", "--", "x"},
      {"vm", "show"},
      {"vm", "show", "a", "b"},
      {"vm", "create", "--cpus", "two"},
      {"vm", "create", "--cpus", "99999999999"},
      {"vm", "create", "--cpus", "0"},
      {"vm", "create", "--memory", "much"},
      {"vm", "create", "--memory", "0"},
      {"vm", "create", "--disk", "-1G"},
      {"vm", "create", "--env", "=x"},
      {"vm", "create", "--label", "x"},
      {"vm", "create", "--init-mode", "none"},
      {"vm", "create", "a", "--name", "b"},
      {"vm", "run", "./here"},
      {"vm", "exec"},
      {"vm", "exec", "web"},
      {"vm", "exec", "--bogus", "web", "ls"},
      {"vm", "stop", "web", "--timeout", "0"},
      {"vm", "cp", "a", "b"},
      {"vm", "cp", "a"},
      {"vm", "cp", "-", "-"},
      {"image", "register", "a:1"},
      {"completion", "csh"},
    };
    for (String[] line : lines) {
      Run run = Run.cli(line);
      assertThat(run.status()).as(String.join(" ", line) + run.err()).isEqualTo(2);
      assertThat(run.err()).as(String.join(" ", line)).startsWith("error: ").contains("INVALID");
      assertThat(run.err().lines().count()).isLessThanOrEqualTo(3);
    }
  }

  @Test
  void helpIsOnStandardOutputWithoutColours() {
    for (String[] line :
        List.of(
            new String[] {"--help"},
            new String[] {"vm", "--help"},
            new String[] {"vm", "run", "--help"},
            new String[] {"daemon", "--help"})) {
      Run run = Run.cli(line);
      assertThat(run.status()).isZero();
      assertThat(run.out()).contains("Usage: banger").doesNotContain("\033");
      assertThat(run.err()).isEmpty();
    }
    assertThat(Run.cli("version")).isEqualTo(new Run(0, "banger " + Version.TEXT + "\n", ""));
  }

  @Test
  void completionScriptsAreScripts() throws Exception {
    Path script = home.resolve("completion");
    Files.writeString(script, Run.cli("completion", "bash").out());
    assertThat(script).content().contains("banger", "exec", "image");
    Process bash = new ProcessBuilder("bash", "-n", script.toString()).inheritIO().start();
    assertThat(bash.waitFor()).isZero();
    assertThat(Run.cli("completion", "zsh").out()).contains("#compdef banger");
    assertThat(Run.cli("completion", "fish").out()).contains("complete -c banger");
  }

  @Test
  void aListIsATableForPeopleAndADocumentForPrograms() throws Exception {
    try (FakeDaemon _ = new FakeDaemon(home, Version.TEXT)) {
      assertThat(cli("vm", "ls").out())
          .isEqualTo(
              """
              NAME   ID             STATE     IMAGE             CPUS   MEMORY   ADDRESS   AGE
              web    0123456789ab   running   debian:bookworm   2      1.5G     -         83m
              """);
      assertThat(cli("vm", "ls", "-q").out()).isEqualTo("web\n");
      assertThat(cli("vm", "ls", "--json").out())
          .startsWith("{\"vms\":[{\"id\":\"0123456789ab\",\"name\":\"web\"")
          .endsWith("}]}\n");
      assertThat(cli("vm", "show", "web").out()).contains("memory       1.5G\n");
    }
  }

  @Test
  void doctorAndStatusTellWhatIsLeftOverSinceWhenWhyAndWhatToDo() throws Exception {
    assertThat(Run.cli("doctor", "--json", "--data-dir", home.toString()).out())
        .contains("{\"check\":\"left over\",\"level\":\"ok\",\"found\":\"no daemon runs;");
    try (FakeDaemon daemon = new FakeDaemon(home, Version.TEXT)) {
      assertThat(doctor()).contains("ok      left over: nothing\n");
      long begun = System.currentTimeMillis() - 600_000;
      daemon.leftovers.add(
          new DaemonApi.Leftover("VMM", "0123456789ab", "the VMM", begun, 2, "it does not end"));
      daemon.leftovers.add(
          new DaemonApi.Leftover("VM_RECORD", "0123456789ab", "its record", begun, 0, ""));
      String why = "the VMM of 0123456789ab, for 10m; not removed in 2 tries: it does not end\n";
      assertThat(doctor())
          .contains("warning left over: " + why + "        cure: mend that: it is tried again")
          .contains("warning left over: its record of 0123456789ab, for 10m; it is removed next\n");
      assertThat(cli("daemon", "status").out()).contains("left over    " + why);
      assertThat(cli("daemon", "status", "--json").out())
          .contains("\"begun\":" + begun + ",\"tries\":2,\"error\":\"it does not end\"");
    }
  }

  private String doctor() {
    return Run.cli("doctor", "--data-dir", home.toString()).out();
  }

  @Test
  void aFailureSaysWhatWasTriedWhyAndWhatToDo() throws Exception {
    try (FakeDaemon _ = new FakeDaemon(home, Version.TEXT)) {
      assertThat(cli("vm", "show", "nothing"))
          .isEqualTo(
              new Run(
                  1,
                  "",
                  """
                  error: there is no VM nothing: nobody made it
                    code: NOT_FOUND
                    hint: `banger vm ls -a` lists them
                  """));
      assertThat(cli("vm", "show", "nothing", "--json").err())
          .isEqualTo(
              "{\"code\":\"NOT_FOUND\",\"tried\":\"there is no VM nothing\",\"cause\":\"nobody made"
                  + " it\",\"hint\":\"`banger vm ls -a` lists them\"}\n");
    }
  }

  @Test
  void createSendsWhatWasAskedForAndShowsTheStages() throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(home, Version.TEXT)) {
      Run run =
          cli(
              "vm",
              "create",
              "web",
              "--cpus",
              "3",
              "--memory",
              "1.5G",
              "--disk",
              "20GiB",
              "-e",
              "A=b,c d",
              "-e",
              "E=",
              "--label",
              "k=v=w",
              "--start");
      assertThat(run)
          .isEqualTo(new Run(0, "made-up\n", "vm.create web: fetch\nvm.create web: boot\n"));
      VmApi.Create sent = (VmApi.Create) daemon.requests.take();
      assertThat(sent.name()).isEqualTo("web");
      assertThat(sent.cpus()).isEqualTo(3);
      assertThat(sent.memory()).isEqualTo(1536L << 20);
      assertThat(sent.disk()).isEqualTo(20L << 30);
      assertThat(sent.env()).containsExactly("A=b,c d", "E=");
      assertThat(sent.labels()).isEqualTo(Map.of("k", "v=w"));
      assertThat(sent.start()).isTrue();
      assertThat(sent.initMode()).isEqualTo("auto");
    }
  }

  @Test
  void anOperationThatFailsIsStatusOneAndACancelledOneIs130() throws Exception {
    try (FakeDaemon _ = new FakeDaemon(home, Version.TEXT)) {
      Run bad = cli("vm", "create", "bad");
      assertThat(bad.status()).isEqualTo(1);
      assertThat(bad.err()).contains("error: cannot boot bad: it panics", "GUEST_FAILED");
      assertThat(cli("vm", "create", "gone").status()).isEqualTo(130);
    }
  }

  @Test
  void severalVmsAreStoppedOneByOne() throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(home, Version.TEXT)) {
      assertThat(cli("vm", "stop", "a", "b", "--timeout", "7").out()).isEqualTo("a\nb\n");
      assertThat(daemon.requests)
          .containsExactly(new VmApi.Stop("a", 7000, false), new VmApi.Stop("b", 7000, false));
    }
  }

  @Test
  void aDaemonOfAnotherVersionIsNamedWithItsCure() throws Exception {
    try (FakeDaemon _ = new FakeDaemon(home, "0.0.9")) {
      Run run = cli("vm", "ls");
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err())
          .contains("pid 4711) is 0.0.9", "VERSION_MISMATCH", "banger daemon stop");
      assertThat(cli("daemon", "status").out()).contains("version      0.0.9");
    }
  }

  @Test
  void aDaemonThatDoesNotStartIsToldWithItsLastWords() throws Exception {
    Path launcher = home.resolve("launcher");
    Files.writeString(launcher, "#!/bin/sh\necho \"my words: $*\"\nexit 3\n");
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
    System.setProperty("banger.launcher", launcher.toString());
    try {
      Run run = cli("vm", "ls");
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err()).contains("ended with status 3", "my words: daemon");
    } finally {
      System.clearProperty("banger.launcher");
    }
    assertThat(cli("daemon", "status")).isEqualTo(new Run(1, "no daemon runs\n", ""));
    assertThat(cli("daemon", "stop")).isEqualTo(new Run(0, "no daemon runs\n", ""));
    assertThat(cli("daemon", "logs").out()).contains("my words");
  }

  @Test
  void wordsBehindDashesArriveAsTheyAre() throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(home, Version.TEXT)) {
      String[][] lines = {
        {"vm", "exec", "-n", "web", "--", "sh", "-c", "exit 3", "--", ""},
        {"vm", "exec", "-n", "web", "sh", "-c", "exit 3", "--", ""},
      };
      for (String[] line : lines) {
        assertThat(cli(line).status()).isEqualTo(3);
        StreamApi.Program program = (StreamApi.Program) daemon.requests.take();
        assertThat(program.argv()).containsExactly("sh", "-c", "exit 3", "--", "");
        assertThat(program.tty()).isFalse();
        assertThat(program.stdin()).isFalse();
      }
      assertThat(cli("vm", "run", "-n", "--name", "x", "img", "--", "true").status()).isZero();
      StreamApi.Run run = (StreamApi.Run) daemon.requests.take();
      assertThat(run.create().image()).isEqualTo("img");
      assertThat(run.create().initMode()).isEqualTo("agent");
      assertThat(run.keep()).isTrue();
      assertThat(daemon.sessions.poll(10, TimeUnit.SECONDS)).isNotNull();
    }
  }
}
