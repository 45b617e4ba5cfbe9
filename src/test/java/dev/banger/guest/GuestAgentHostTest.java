package dev.banger.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real agent, as an ordinary process on a Unix socket: the machine and its execs. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GuestAgentHostTest {
  private static final int MEBI = 1 << 20;

  private AgentProcess agent;
  private Guest guest;

  @BeforeEach
  void start() throws Exception {
    agent = AgentProcess.start();
    guest = agent.configure(Map.of("DEFAULT", "yes"));
  }

  @AfterEach
  void stop() throws Exception {
    try {
      assertThat(agent.isAlive()).isTrue();
      guest.close();
    } finally {
      agent.stop();
    }
  }

  private GuestExec run(ExecSpec.Builder spec) throws Exception {
    ExecStart start = guest.exec(spec.build());
    assertThat(start).isInstanceOf(ExecStart.Started.class);
    return ((ExecStart.Started) start).exec();
  }

  private static ExecSpec.Builder shell(String script) {
    return ExecSpec.of("sh", "-c", script);
  }

  private static String text(InputStream stream) throws IOException {
    return new String(stream.readAllBytes(), UTF_8);
  }

  private static ExecStart orderedWithConfiguration(String... argv) throws Exception {
    AgentProcess fresh = AgentProcess.start();
    try (Guest unconfigured = fresh.connect()) {
      GuestConfiguration configuration =
          GuestConfiguration.builder().environment(Map.of("DEFAULT", "yes")).build();
      Guest.Configured both =
          unconfigured.configure(configuration, ExecSpec.of(argv).build(), Duration.ofSeconds(20));
      assertThat(both.ready().initMode()).isEqualTo(InitMode.AGENT);
      ExecStart start = both.order().await();
      if (start instanceof ExecStart.Started(GuestExec exec)) {
        assertThat(text(exec.stdout())).isEqualTo("yes\n");
        assertThat(exec.awaitEnd().exitStatus()).isEqualTo(3);
      }
      return start;
    } finally {
      fresh.stop();
    }
  }

  @Test
  void whatIsOrderedWithTheConfigurationRunsUnderIt() throws Exception {
    assertThat(orderedWithConfiguration("sh", "-c", "echo $DEFAULT; exit 3"))
        .isInstanceOf(ExecStart.Started.class);
    assertThat(orderedWithConfiguration("/nonexistent"))
        .isInstanceOfSatisfying(
            ExecStart.Refused.class, refused -> assertThat(refused.exitStatus()).isEqualTo(127));
  }

  private String output(String script) throws Exception {
    try (GuestExec exec = run(shell(script))) {
      String text = text(exec.stdout());
      exec.forget(true);
      return text;
    }
  }

  @Test
  void itSaysWhoItIs() throws Exception {
    GuestInfo info = guest.info();
    assertThat(info.protocol()).isEqualTo(Guest.PROTOCOL);
    assertThat(info.phase()).isEqualTo(GuestInfo.Phase.READY);
    assertThat(info.kernelRelease()).isEqualTo(System.getProperty("os.version"));
    assertThat(info.timings()).isNotEmpty();
    assertThat(guest.ping()).isPositive();
  }

  @Test
  void aSecondConfigurationIsRefusedAndAnUnknownSectionIsAWarning() throws Exception {
    assertThatThrownBy(
            () -> guest.configure(GuestConfiguration.builder().build(), Duration.ofSeconds(10)))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WRONG_STATE));
    List<String> warnings =
        guest.apply(
            GuestConfiguration.builder()
                .hostname("other")
                .environment(Map.of("DEFAULT", "no"))
                .build());
    assertThat(warnings).isNotEmpty();
    assertThat(output("echo $DEFAULT")).isEqualTo("no\n");
  }

  @Test
  void anAgentThatIsAnOrdinaryProcessPowersNothingOff() {
    assertThatThrownBy(
            () -> guest.power(PowerAction.END, Duration.ofSeconds(1), Duration.ofSeconds(30)))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.GUEST_FAILED));
  }

  @Test
  void stdoutStderrAndStatusComeApart() throws Exception {
    try (GuestExec exec = run(shell("echo out; echo err >&2; exit 7"))) {
      assertThat(text(exec.stdout())).isEqualTo("out\n");
      assertThat(text(exec.stderr().orElseThrow())).isEqualTo("err\n");
      assertThat(exec.awaitEnd()).isEqualTo(new ExecEnd.Exited(7, 4, 4));
      exec.forget(false);
      assertThat(guest.execs()).isEmpty();
    }
  }

  @Test
  void environmentAndDirectoryArriveAsGiven() throws Exception {
    ExecSpec.Builder spec =
        ExecSpec.of("sh", "-c", "pwd; echo \"$DEFAULT $OWN $1\"", "sh", "a  b'\"$c")
            .environment(Map.of("OWN", "ü=1"))
            .directory("/usr");
    try (GuestExec exec = run(spec)) {
      assertThat(text(exec.stdout())).isEqualTo("/usr\nyes ü=1 a  b'\"$c\n");
    }
  }

  @Test
  void aDirectoryThatIsMissingIsMadeWhenThatIsWanted(@TempDir Path temporary) throws Exception {
    Path directory = temporary.resolve("a/b");
    ExecSpec.Builder spec = ExecSpec.of("pwd").directory(directory.toString());
    var refused = (ExecStart.Refused) guest.exec(spec.build());
    assertThat(refused.message()).contains("enter its directory");
    assertThat(directory.getParent()).doesNotExist();
    try (GuestExec exec = run(spec.id(ExecId.random()).makesDirectory(true))) {
      assertThat(text(exec.stdout())).isEqualTo(directory + "\n");
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
        .isEqualTo("rwxr-xr-x");
    ExecSpec.Builder file = ExecSpec.of("pwd").directory("/etc/passwd/x").makesDirectory(true);
    assertThat(guest.exec(file.build())).isInstanceOf(ExecStart.Refused.class);
  }

  @Test
  void whatCannotBeExecutedIsRefusedAsAShellWould() throws Exception {
    var missing = (ExecStart.Refused) guest.exec(ExecSpec.of("/no/such/program").build());
    assertThat(missing.exitStatus()).isEqualTo(127);
    var unfound = (ExecStart.Refused) guest.exec(ExecSpec.of("no-such-program").build());
    assertThat(unfound.exitStatus()).isEqualTo(127);
    var directory = (ExecStart.Refused) guest.exec(ExecSpec.of("/etc").build());
    assertThat(directory.exitStatus()).isEqualTo(126);
    assertThat(guest.execs()).isEmpty();
  }

  @Test
  void aSignalReachesTheGroupAndIsReported() throws Exception {
    try (GuestExec exec = run(shell("echo ready; sleep 100"))) {
      assertThat(exec.stdout().readNBytes(6)).hasSize(6);
      assertThat(exec.awaitEnd(Duration.ofMillis(10))).isEmpty();
      exec.signal(15, SignalScope.GROUP);
      assertThat(exec.awaitEnd()).isEqualTo(new ExecEnd.Signalled(15, 6, 0));
      assertThat(exec.awaitEnd().exitStatus()).isEqualTo(143);
    }
  }

  @Test
  void fiftyMebibytesThroughStdinAreWhole() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    try (GuestExec exec = run(ExecSpec.of("sha256sum").stdin())) {
      try (OutputStream stdin = exec.stdin()) {
        Random random = new Random(5);
        byte[] part = new byte[100_000];
        for (int left = 50 * MEBI; left > 0; left -= part.length) {
          random.nextBytes(part);
          int count = Math.min(left, part.length);
          digest.update(part, 0, count);
          stdin.write(part, 0, count);
        }
      }
      String sum = HexFormat.of().formatHex(digest.digest());
      assertThat(text(exec.stdout())).isEqualTo(sum + "  -\n");
    }
  }

  @Test
  void aProgramWithoutStdinReadsTheEndOfFile() throws Exception {
    assertThat(output("cat; echo done")).isEqualTo("done\n");
  }

  @Test
  void aTerminalHasASizeThatChanges() throws Exception {
    ExecSpec.Builder spec =
        shell("trap 'stty size; exit 3' WINCH; stty size; echo ready; while :; do sleep 0.05; done")
            .terminal(new TerminalSize(24, 80));
    try (GuestExec exec = run(spec)) {
      assertThat(exec.stderr()).isEmpty();
      assertThat(new String(exec.stdout().readNBytes(14), UTF_8)).isEqualTo("24 80\r\nready\r\n");
      exec.resize(new TerminalSize(50, 132));
      assertThat(text(exec.stdout())).isEqualTo("50 132\r\n");
      assertThat(exec.awaitEnd().exitStatus()).isEqualTo(3);
    }
  }

  @Test
  void controlCInATerminalReachesTheForegroundProgram() throws Exception {
    try (GuestExec exec = run(shell("echo go; cat").terminal(new TerminalSize(24, 80)));
        GuestExec.Stdin stdin = exec.stdin()) {
      stdin.write("a\n".getBytes(UTF_8));
      assertThat(new String(exec.stdout().readNBytes(10), UTF_8)).contains("go\r\n", "a\r\n");
      stdin.write(3);
      assertThat(exec.awaitEnd().exitStatus()).isEqualTo(130);
    }
  }

  @Test
  void nothingIsLostOrDoubledOverADroppedConnection() throws Exception {
    ExecId id = ExecId.random();
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    GuestExec exec = run(shell("seq 1 3000000; seq 1 100 >&2").id(id));
    long offset = 0;
    Random random = new Random(11);
    byte[] buffer = new byte[70_000];
    boolean ended = false;
    int drops = 0;
    while (!ended) {
      long until = offset + random.nextInt(8 * MEBI);
      while (offset < until) {
        int count = exec.stdout().read(buffer);
        if (count < 0) {
          ended = true;
          break;
        }
        digest.update(buffer, 0, count);
        offset += count;
      }
      if (!ended) {
        drops++;
        assertThat(exec.stdout().offset()).isEqualTo(offset);
        guest.close();
        guest = agent.connect();
        exec = guest.attach(id, false, offset, 0);
      }
    }
    assertThat(drops).isPositive();
    assertThat(text(exec.stderr().orElseThrow())).hasSize(292);
    assertThat(exec.awaitEnd()).isEqualTo(new ExecEnd.Exited(0, offset, 292));
    assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(expectedSum());
    exec.close();
  }

  @Test
  void hostsThatComeAndGoBeforeTheyAcknowledgeDoNotFillTheRing() throws Exception {
    ExecId id = ExecId.random();
    GuestExec exec = run(shell("seq 1 1000000").id(id));
    for (int host = 0; host < 8; host++) {
      exec.stdout().keep(384 << 10);
      assertThat(exec.stdout().readNBytes(400 << 10)).hasSize(400 << 10);
      long offset = exec.stdout().offset();
      guest.close();
      guest = agent.connect();
      exec = guest.attach(id, false, offset, 0);
    }
    assertThat(text(exec.stdout())).endsWith("\n1000000\n");
    exec.close();
  }

  private static String expectedSum() throws Exception {
    Process judge = new ProcessBuilder("sh", "-c", "seq 1 3000000 | sha256sum").start();
    return text(judge.getInputStream()).substring(0, 64);
  }

  @Test
  void aNewHostTakesOverFromOneThatIsStillConnected() throws Exception {
    GuestExec first = run(shell("echo one; read x; echo $x").stdin());
    assertThat(first.stdout().readNBytes(4)).hasSize(4);
    try (Guest second = agent.connect()) {
      ExecInfo info = second.execs().getFirst();
      assertThat(info.id()).isEqualTo(first.id());
      assertThat(info.ended()).isFalse();
      assertThat(info.argv()).containsExactly("sh", "-c", "echo one; read x; echo $x");
      assertThat(info.stdoutAcknowledged()).isBetween(0L, 4L);
      try (GuestExec again = second.attach(info.id(), info.terminal(), 4, 0);
          GuestExec.Stdin stdin = again.stdin()) {
        assertThat(stdin.accepted()).isZero();
        stdin.write("two\n".getBytes(UTF_8));
        assertThat(text(again.stdout())).isEqualTo("two\n");
      }
    }
    await().until(() -> !guest.isConnected());
    guest = agent.connect();
  }

  @Test
  void outputThatWasAcknowledgedIsGone() throws Exception {
    ExecId id = ExecId.random();
    try (GuestExec exec = run(shell("head -c 500000 /dev/zero; sleep 100").id(id))) {
      assertThat(exec.stdout().readNBytes(500_000)).hasSize(500_000);
      assertThatThrownBy(() -> guest.attach(id, false, 0, 0))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
      exec.forget(true);
    }
  }

  @Test
  void anExecThatNobodyKnowsIsNotFound() {
    ExecId id = ExecId.random();
    assertThatThrownBy(() -> guest.attach(id, false, 0, 0))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND))
        .hasMessageContaining(id.hex());
  }

  @Test
  void aFloodThatNobodyReadsStopsItsProgramAndNobodyElse() throws Exception {
    try (GuestExec flood = run(ExecSpec.of("yes"));
        GuestExec quick = run(shell("echo quick"))) {
      assertThat(text(quick.stdout())).isEqualTo("quick\n");
      assertThat(quick.awaitEnd().exitStatus()).isZero();
      flood.forget(true);
    }
  }

  @Test
  void aFloodThatIsReadDoesNotSlowDownTheQuick() throws Exception {
    try (GuestExec flood = run(ExecSpec.of("yes"))) {
      Thread reader = Thread.ofPlatform().start(() -> drain(flood.stdout()));
      for (int i = 0; i < 20; i++) {
        long start = System.nanoTime();
        assertThat(output("echo quick")).isEqualTo("quick\n");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
      }
      flood.forget(true);
      reader.join();
    }
  }

  private static void drain(InputStream stream) {
    try {
      stream.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      // the exec was forgotten
    }
  }

  @Test
  void fiftyExecsRunAtOnceEachWithItsOwnBytes() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Void>> runs = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        int number = i;
        runs.add(threads.submit(() -> echoMuch(number)));
      }
      for (Future<Void> run : runs) {
        assertThat(run.get()).isNull();
      }
    }
    assertThat(guest.execs()).isEmpty();
  }

  private Void echoMuch(int number) throws Exception {
    byte[] bytes = new byte[300_000];
    new Random(number).nextBytes(bytes);
    try (GuestExec exec = run(shell("tee /dev/stderr").stdin())) {
      Thread writer = Thread.ofVirtual().start(() -> write(exec, bytes));
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      Thread reader = Thread.ofVirtual().start(() -> copy(exec.stderr().orElseThrow(), err));
      assertThat(exec.stdout().readAllBytes()).isEqualTo(bytes);
      writer.join();
      reader.join();
      assertThat(err.toByteArray()).isEqualTo(bytes);
      assertThat(exec.awaitEnd()).isEqualTo(new ExecEnd.Exited(0, bytes.length, bytes.length));
      exec.forget(false);
    }
    return null;
  }

  private static void write(GuestExec exec, byte[] bytes) {
    try (OutputStream stdin = exec.stdin()) {
      stdin.write(bytes);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void copy(InputStream from, OutputStream to) {
    try {
      from.transferTo(to);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void anUnprivilegedUserThatDoesNotExistIsRefused() {
    assertThatThrownBy(() -> guest.exec(ExecSpec.of("true").user("nobody-knows-me").build()))
        .isInstanceOf(BangerException.class)
        .hasMessageContaining("true");
  }
}
