package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** VMMs that die, guests that fall silent: each shows as what it is, and can be ended. */
class GuestFaultsHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  /** HELLO has 32 bytes; the configuration, some 300, follows in one yamux frame. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "exit 0",
        "exit 1",
        "crash-in 1",
        "crash-in 32",
        "crash-in 40",
        "crash-in 150",
        "crash-out 1",
        "crash-out 32",
        "crash-out 60",
        "panic-in 32",
        "panic-in 150",
        "panic-out 60"
      })
  void aVmmThatDiesWhileItBootsIsReportedAndLeavesNothing(String mishap) throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start();
        TestClient client = daemon.client()) {
      client.create("off", false);
      daemon.mishap(mishap);
      assertThatThrownBy(() -> client.create("web", true))
          .isInstanceOfSatisfying(
              BangerException.class,
              e -> assertThat(e.code()).isIn(ErrorCode.GUEST_FAILED, ErrorCode.VMM_FAILED));
      assertThatThrownBy(() -> client.start("off")).isInstanceOf(BangerException.class);
      assertThat(client.list()).hasSize(1);
      assertThat(client.show("off").state()).isEqualTo("failed");
      assertThat(client.show("off").reason()).contains("did not start");
      assertThat(daemon.processes()).isEmpty();
      Invariants.require(daemon, LIMIT);
      daemon.noMishap();
      client.start("off");
      assertThat(client.show("off").state()).isEqualTo("running");
    }
  }

  @Test
  void aGuestThatNeverAnswersOrFallsSilentEndsAtTheLimit() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes()) {
      daemon.configureVm("boot_timeout = 4");
      daemon.start();
      try (TestClient client = daemon.client()) {
        for (String mishap : List.of("silent", "stall-out 1", "stall-out 32", "stall-out 50")) {
          daemon.mishap(mishap);
          long begin = System.nanoTime();
          assertThatThrownBy(() -> client.create("web", true))
              .as(mishap)
              .isInstanceOfSatisfying(
                  BangerException.class,
                  e -> assertThat(e.code()).isIn(ErrorCode.TIMEOUT, ErrorCode.GUEST_FAILED));
          assertThat(Duration.ofNanos(System.nanoTime() - begin))
              .isLessThan(Duration.ofSeconds(20));
          assertThat(client.list()).isEmpty();
          assertThat(daemon.processes()).isEmpty();
        }
      }
      Invariants.require(daemon, LIMIT);
    }
  }

  /** A VMM that the host's user has stopped is paused, for the next daemon too; it can be ended. */
  @Test
  void aStoppedVmmIsEndedByStopAndAnswersWhenItGoesOn() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start();
        TestClient client = daemon.client()) {
      client.create("web", true);
      Long pid = client.show("web").pid();
      signal("STOP", pid);
      assertThat(client.list()).hasSize(1);
      daemon.killAndStart();
      try (TestClient second = daemon.client()) {
        assertThat(awaitState(second, "paused").reason()).contains("SIGSTOP");
        assertThat(second.show("web").pid()).isEqualTo(pid);
        signal("CONT", pid);
        assertThat(second.exec("web", "/bin/true").status()).isZero();
        awaitState(second, "running");
        signal("STOP", pid);
        VmApi.View stopped = second.call(VmApi.STOP, new VmApi.Stop("web", 1000, false));
        assertThat(stopped.state()).isEqualTo("stopped");
        second.start("web");
        signal("STOP", second.show("web").pid());
        second.delete("web", true);
      }
      assertThat(daemon.processes()).isEmpty();
      Invariants.require(daemon, LIMIT);
    }
  }

  private static VmApi.View awaitState(TestClient client, String state) {
    return await().atMost(LIMIT).until(() -> client.show("web"), vm -> vm.state().equals(state));
  }

  private static void signal(String name, @Nullable Long pid)
      throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("kill", "-" + name, String.valueOf(pid)).start().waitFor())
        .isZero();
  }
}
