package dev.banger.proc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ProcessIdentityTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private Process child;
  private ProcessIdentity identity;

  @BeforeEach
  void startSomething() throws Exception {
    child = new ProcessBuilder("sleep", "600").start();
    identity = ProcessIdentity.of(child.pid()).orElseThrow();
  }

  @AfterEach
  void endIt() throws Exception {
    child.destroyForcibly().waitFor();
  }

  @Test
  void aRunningProcessIsItself() throws Exception {
    assertThat(identity.verify()).isTrue();
    assertThat(identity.bootId()).hasSize(36);
  }

  @Test
  void anotherStartTimeBootOrExecutableIsAnotherProcess() throws Exception {
    assertThat(with(identity.startTicks() + 1, identity.bootId(), "").verify()).isFalse();
    assertThat(with(identity.startTicks(), "another boot", "").verify()).isFalse();
    assertThat(with(identity.startTicks(), identity.bootId(), "1:1").verify()).isFalse();
    assertThat(with(identity.startTicks(), identity.bootId(), "").verify()).isTrue();
  }

  private ProcessIdentity with(long startTicks, String bootId, String executable) {
    return new ProcessIdentity(identity.pid(), startTicks, bootId, executable);
  }

  @Test
  void aSignalReachesTheProcessAndItsEndIsSeen() throws Exception {
    try (PidWatcher watcher = new PidWatcher()) {
      assertThat(PidWatcher.signal(identity, Signal.TERMINATE)).isTrue();
      assertThat(watcher.awaitEnd(identity, LIMIT)).isTrue();
      child.waitFor();
      assertThat(identity.verify()).isFalse();
      assertThat(PidWatcher.signal(identity, Signal.KILL)).isFalse();
      assertThat(ProcessIdentity.of(child.pid())).isEqualTo(Optional.empty());
    }
  }

  @Test
  void aSignalNeverReachesAnotherProcessWithTheSameNumber() throws Exception {
    ProcessIdentity earlier = with(identity.startTicks() - 1, identity.bootId(), "");
    assertThat(PidWatcher.signal(earlier, Signal.KILL)).isFalse();
    assertThat(child.isAlive()).isTrue();
  }

  @Test
  void theEndOfAProcessThatIsNoChildIsSeen() throws Exception {
    Process shell =
        new ProcessBuilder("sh", "-c", "sleep 600 >/dev/null & echo $!; exec sleep 600").start();
    long pid = Long.parseLong(shell.inputReader().readLine());
    Path comm = Path.of("/proc/" + pid + "/comm");
    await().until(() -> Files.readString(comm).equals("sleep\n")); // no longer the shell's fork
    ProcessIdentity grandchild = ProcessIdentity.of(pid).orElseThrow();
    try (PidWatcher watcher = new PidWatcher()) {
      CountDownLatch ended = new CountDownLatch(1);
      watcher.watch(grandchild, ended::countDown);
      assertThat(PidWatcher.signal(grandchild, Signal.KILL)).isTrue();
      assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
    } finally {
      PidWatcher.signal(grandchild, Signal.KILL);
      shell.destroyForcibly().waitFor();
    }
  }

  @Test
  void watchingADeadProcessTellsAtOnce() throws Exception {
    child.destroyForcibly().waitFor();
    try (PidWatcher watcher = new PidWatcher()) {
      assertThat(watcher.awaitEnd(identity, LIMIT)).isTrue();
    }
  }

  @Test
  void aWatchThatWasClosedIsSilent() throws Exception {
    try (PidWatcher watcher = new PidWatcher()) {
      CountDownLatch ended = new CountDownLatch(1);
      watcher.watch(identity, ended::countDown).close();
      child.destroyForcibly().waitFor();
      assertThat(watcher.awaitEnd(identity, LIMIT)).isTrue();
      assertThat(ended.getCount()).isEqualTo(1);
    }
  }

  @Test
  void aWaitHasALimit() throws Exception {
    try (PidWatcher watcher = new PidWatcher()) {
      assertThat(watcher.awaitEnd(identity, Duration.ofMillis(20))).isFalse();
    }
  }
}
