package dev.banger.proc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandTest {
  private static final Tool SH = new Tool("sh", "dash");
  private final Binaries binaries = Binaries.ofPath();
  @TempDir Path temporary;

  private Command shell(String script) {
    return Command.of(binaries, SH, "-c", script);
  }

  @Test
  void capturesOutputAndKeepsTheLastErrors() throws Exception {
    Finished finished = shell("echo one; echo two; seq 1 40 >&2; exit 3").run();
    assertThat(finished.status()).isEqualTo(3);
    assertThat(finished.output()).isEqualTo("one\ntwo\n");
    assertThat(finished.lastErrors()).hasSize(12).startsWith("29").endsWith("40");
  }

  @Test
  void failureCarriesWhatTheProgramSaid() {
    assertThatThrownBy(() ->
            shell("echo no such disk >&2; exit 5").run(ErrorCode.INTERNAL, "cannot make it", ""))
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.getMessage()).isEqualTo("cannot make it");
              assertThat(e.reason()).contains("sh ended with status 5").contains("no such disk");
            });
  }

  @Test
  void fullDiskIsNoSpace() throws Exception {
    Finished finished = shell("echo 'cp: x: No space left on device' >&2; exit 1").run();
    assertThat(finished.failure(ErrorCode.INTERNAL, "cannot copy", "").code())
        .isEqualTo(ErrorCode.NO_SPACE);
  }

  @Test
  void linesGoToTheListenersOnTheCallersThread() throws Exception {
    List<String> output = new ArrayList<>();
    List<String> errors = new ArrayList<>();
    Thread caller = Thread.currentThread();
    shell("printf 'a\\rb\\nc'; echo e >&2")
        .onOutput(line -> {
          assertThat(Thread.currentThread()).isSameAs(caller);
          output.add(line);
        })
        .onError(errors::add)
        .run();
    assertThat(output).containsExactly("a", "b", "c");
    assertThat(errors).containsExactly("e");
  }

  @Test
  void inputReachesTheProgramAndAnUnreadInputIsNoError() throws Exception {
    byte[] text = "x".repeat(500_000).getBytes(UTF_8);
    assertThat(shell("wc -c").input(new ByteArrayInputStream(text)).run().output().strip())
        .isEqualTo("500000");
    assertThat(shell("exit 0").input(new ByteArrayInputStream(text)).run().ok()).isTrue();
  }

  @Test
  void directoryAndEnvironmentAreAsGiven() throws Exception {
    Finished finished =
        shell("pwd; echo $WORD $LC_ALL")
            .directory(temporary)
            .environment("WORD", "hello there")
            .run();
    assertThat(finished.output()).isEqualTo(temporary + "\nhello there C.UTF-8\n");
  }

  @Test
  void tooMuchOutputIsAnErrorAndEndsTheProgram() {
    assertThatThrownBy(() -> shell("yes").captureLimit(1000).run())
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("more than 1000");
  }

  @Test
  void timeLimitKillsTheWholeTreeEvenWhoIgnoresSigterm() throws Exception {
    Path pids = temporary.resolve("pids");
    String script =
        "trap '' TERM; echo $$ >> "
            + pids
            + "; (trap '' TERM; sh -c 'echo $$ >> "
            + pids
            + "; sleep 1000' & ) ; sleep 1000";
    assertThatThrownBy(
            () -> shell(script).limit(Duration.ofSeconds(1)).grace(Duration.ofMillis(100)).run())
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT));
    assertAllGone(pids, 2);
  }

  @Test
  void interruptKillsTheWholeTreeAndIsPassedOn() throws Exception {
    Path pids = temporary.resolve("pids");
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    PipedInputStream silent = new PipedInputStream();
    PipedOutputStream otherEnd = new PipedOutputStream(silent);
    Thread runner =
        Thread.ofVirtual()
            .start(() -> {
              try {
                shell("echo $$ >> " + pids + "; (sleep 1000 & echo $! >> " + pids + "); cat -")
                    .input(silent)
                    .run();
              } catch (Exception e) {
                thrown.set(e);
              }
            });
    await().until(() -> Files.exists(pids) && Files.readAllLines(pids).size() == 2);
    runner.interrupt();
    runner.join();
    otherEnd.close();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    assertAllGone(pids, 2);
  }

  @Test
  void childThatKeepsTheOutputOpenDoesNotKeepUsWaiting() throws Exception {
    Path pids = temporary.resolve("pids");
    Finished finished = shell("sleep 1000 & echo $! > " + pids).run();
    assertThat(finished.ok()).isTrue();
    assertAllGone(pids, 1);
  }

  @Test
  void childThatLetsGoOfTheOutputDoesNotOutliveIt() throws Exception {
    Path pids = temporary.resolve("pids");
    Finished finished = shell("sleep 1000 < /dev/null > /dev/null 2>&1 & echo $! > " + pids).run();
    assertThat(finished.ok()).isTrue();
    assertAllGone(pids, 1);
  }

  @Test
  void missingProgramSaysWhatToInstall() {
    assertThatThrownBy(() -> Command.of(binaries, new Tool("no-such-tool", "toolbox")).run())
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.HOST_UNSUPPORTED);
              assertThat(e.hint()).contains("apt-get install toolbox");
            });
  }

  @Test
  void configurationWinsOverBundledWinsOverPath() throws Exception {
    Path bundled = Files.createDirectory(temporary.resolve("bundled"));
    Path script = Files.writeString(bundled.resolve("sh"), "#!/bin/sh\necho bundled\n");
    assertThat(script.toFile().setExecutable(true)).isTrue();
    assertThat(new Binaries(Map.of(), List.of(bundled), "/bin").find(SH)).isEqualTo(script);
    Path chosen = Path.of("/bin/bash");
    assertThat(new Binaries(Map.of("sh", chosen), List.of(bundled), "").find(SH)).isEqualTo(chosen);
    Binaries wrong = new Binaries(Map.of("sh", temporary.resolve("none")), List.of(bundled), "");
    assertThatThrownBy(() -> wrong.find(SH)).hasMessageContaining("names");
  }

  private static void assertAllGone(Path pids, int count) throws Exception {
    List<String> lines = Files.readAllLines(pids);
    assertThat(lines).hasSize(count);
    for (String line : lines) {
      long pid = Long.parseLong(line.strip());
      await() // an orphan that was killed is there until init has seen to it
          .alias("process " + pid + " is gone")
          .atMost(Duration.ofSeconds(20))
          .until(() -> ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
    }
  }
}
