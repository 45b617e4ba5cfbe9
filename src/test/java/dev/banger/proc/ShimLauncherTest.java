package dev.banger.proc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With the real shim where it is the judge, with a script in its place where it must misbehave. */
@Timeout(60)
final class ShimLauncherTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final Path GUEST = Path.of("guest").toAbsolutePath();
  private static final String PATH = System.getenv().getOrDefault("PATH", "");

  @TempDir private Path directory;
  private Path run;

  @BeforeEach
  void makeADirectory() throws Exception {
    run = Files.createDirectory(directory.resolve("run"));
  }

  private static ShimLauncher real() throws Exception {
    Finished made =
        Command.of(
                Binaries.ofPath(),
                new Tool("make", "make"),
                "-s",
                "-C",
                GUEST.toString(),
                "build/banger-shim")
            .run();
    assertThat(made.ok()).as("%s", made).isTrue();
    return new ShimLauncher(new Binaries(Map.of(), List.of(GUEST.resolve("build")), PATH));
  }

  private ShimLauncher scripted(String script) throws Exception {
    Path shim = Files.writeString(directory.resolve("banger-shim"), "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(shim, PosixFilePermissions.fromString("rwx------"));
    return new ShimLauncher(new Binaries(Map.of(), List.of(directory), PATH));
  }

  private ShimCommand command(String... program) {
    return new ShimCommand(run).program(List.of(program));
  }

  private void assertFails(ShimLauncher launcher, Duration limit, ErrorCode code, String message) {
    assertThatThrownBy(() -> launcher.launch(command("/bin/sleep", "600"), limit))
        .hasMessageContaining(message)
        .isInstanceOfSatisfying(BangerException.class, e -> assertThat(e.code()).isEqualTo(code));
    assertThat(ProcessHandle.allProcesses())
        .noneMatch(p -> p.info().commandLine().orElse("").contains(directory.toString()));
  }

  @Test
  void theProgramHasASessionOfItsOwnAndItsRecordIsRead() throws Exception {
    ShimRecords.Started started =
        real()
            .launch(
                command("/bin/sh", "-c", "echo out; echo err >&2; read forever")
                    .serial(directory.resolve("out"), ByteSize.kib(8))
                    .errors(directory.resolve("err"), ByteSize.kib(8)),
                LIMIT);
    try (PidWatcher watcher = new PidWatcher()) {
      String stat = Files.readString(Path.of("/proc", "" + started.program().pid(), "stat"));
      assertThat(stat.substring(stat.lastIndexOf(')')).split(" ", -1)[4])
          .as("session")
          .isEqualTo(Long.toString(started.shim().pid()));
      ShimRecords.Started recorded = ShimRecords.started(run).orElseThrow();
      assertThat(recorded.program().pid()).isEqualTo(started.program().pid());
      assertThat(recorded.program().verify()).isTrue();
      assertThat(recorded.shim().verify()).isTrue();
      assertThat(ShimRecords.ended(run)).isEmpty();
      await().untilAsserted(() -> assertThat(directory.resolve("err")).hasContent("err\n"));
      PidWatcher.signal(started.program(), Signal.TERMINATE);
      assertThat(watcher.awaitEnd(started.shim(), LIMIT)).isTrue();
    }
    ShimRecords.Ended ended = ShimRecords.ended(run).orElseThrow();
    assertThat(ended.signalled()).isTrue();
    assertThat(ended.number()).isEqualTo(Signal.TERMINATE.number());
    assertThat(directory.resolve("out")).hasContent("out\n");
    assertThat(directory.resolve("err")).hasContent("err\n");
    ShimRecords.remove(run);
    assertThat(run).isEmptyDirectory();
  }

  @Test
  void aProgramThatIsNotThereIsNamed() throws Exception {
    ShimLauncher launcher = real();
    assertThatThrownBy(() -> launcher.launch(command("/no/such/program"), LIMIT))
        .hasMessageContaining("cannot execute /no/such/program: No such file or directory");
    assertThat(run).isEmptyDirectory();
  }

  @Test
  void aSocketInUseIsNotTakenOver() throws Exception {
    Path socket = run.resolve("socket");
    ShimCommand command = command("/bin/sleep", "600");
    assertThat(command.listen(socket)).isEqualTo(3);
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      ShimLauncher launcher = real();
      assertThatThrownBy(() -> launcher.launch(command, LIMIT))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.IN_USE));
    }
  }

  private Path systemdRun(String script) throws Exception {
    Path program = Files.writeString(directory.resolve("systemd-run"), "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return program;
  }

  private static ShimLauncher scoped(Path systemdRun) throws Exception {
    return new ShimLauncher(
        new Binaries(Map.of(), List.of(GUEST.resolve("build")), PATH),
        new ServiceStop.Scoped("banger.service", systemdRun, Map.of("XDG_RUNTIME_DIR", "/r")));
  }

  @Test
  void inAServiceSystemdRunBecomesTheShim() throws Exception {
    Path systemdRun =
        systemdRun(
            """
            echo "$XDG_RUNTIME_DIR $*" > "$0.said"
            while [ "$1" != -- ]; do shift; done
            shift
            exec "$@"
            """);
    real();
    ShimRecords.Started started =
        scoped(systemdRun).launch(command("/bin/sh", "-c", "read forever"), LIMIT);
    try (PidWatcher watcher = new PidWatcher()) {
      assertThat(started.shim().verify()).isTrue();
      assertThat(ShimRecords.started(run).orElseThrow().shim().pid())
          .isEqualTo(started.shim().pid());
      assertThat(Files.readString(directory.resolve("systemd-run.said")))
          .startsWith("/r --user --scope --collect --quiet --unit=banger-vm-run-");
      PidWatcher.signal(started.program(), Signal.TERMINATE);
      assertThat(watcher.awaitEnd(started.shim(), LIMIT)).isTrue();
    }
  }

  @Test
  void whatSystemdRunComplainsOfIsTheReason() throws Exception {
    ShimLauncher launcher = scoped(systemdRun("echo Failed to connect to bus >&2; exit 1\n"));
    assertFails(launcher, LIMIT, ErrorCode.VMM_FAILED, "Failed to connect to bus");
  }

  @Test
  void aShimThatSaysNothingIsKilledAtTheLimit() throws Exception {
    assertFails(
        scripted("exec sleep 600"), Duration.ofMillis(100), ErrorCode.TIMEOUT, "within 100 ms");
  }

  @Test
  void aShimThatEndsOrTalksNonsenseIsAnError() throws Exception {
    assertFails(scripted("exit 0"), LIMIT, ErrorCode.VMM_FAILED, "ended without a word");
    assertFails(scripted("echo ready pid=x"), LIMIT, ErrorCode.VMM_FAILED, "ready pid=x");
    assertFails(scripted("echo error"), LIMIT, ErrorCode.VMM_FAILED, "cannot start");
    assertFails(
        scripted("echo error log cannot write: No space left on device"),
        LIMIT,
        ErrorCode.NO_SPACE,
        "cannot write");
    assertFails(
        scripted("head -c 100000 /dev/zero; sleep 600"), LIMIT, ErrorCode.VMM_FAILED, "cannot");
  }

  @Test
  void aRecordThatIsBrokenIsCorruptAndNotGuessedAt() throws Exception {
    for (String text :
        List.of("", "garbage", "pid=1 start=x boot=b shim=1 shim-start=1", "x".repeat(5000))) {
      Files.writeString(run.resolve("vmm"), text);
      Files.writeString(run.resolve("exit"), text);
      assertThatThrownBy(() -> ShimRecords.started(run))
          .isInstanceOfSatisfying(
              BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT));
      assertThatThrownBy(() -> ShimRecords.ended(run)).hasMessageContaining("cannot read");
    }
  }
}
