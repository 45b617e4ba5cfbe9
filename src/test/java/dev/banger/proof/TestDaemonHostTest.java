package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The fixture itself: what other proofs stand on. */
class TestDaemonHostTest {
  @Test
  void aVmLivesThroughTheDaemonsDeath() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start()) {
      try (TestClient client = daemon.client()) {
        client.create("web", true);
        assertThat(client.exec("web", "sh", "-c", "echo $((6*7))"))
            .isEqualTo(new TestClient.Ran(0, "42\n"));
      }
      List<String> before = daemon.processes();
      assertThat(before).hasSize(3);
      Long pid = daemon.vm("web").orElseThrow().pid();
      daemon.killAndStart();
      assertThat(daemon.vm("web").orElseThrow().state()).isEqualTo("running");
      assertThat(daemon.vm("web").orElseThrow().pid()).isEqualTo(pid);
      try (TestClient client = daemon.client()) {
        assertThat(client.exec("web", "sh", "-c", "echo again").output()).isEqualTo("again\n");
      }
      assertThat(daemon.processes()).isEqualTo(before);
    }
  }

  @Test
  void aGuestThatIsAskedToEndEndsAndStartsAgain() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start();
        TestClient client = daemon.client()) {
      client.create("web", false);
      assertThat(client.show("web").state()).isEqualTo("created");
      client.start("web");
      long begin = System.nanoTime();
      assertThat(client.stop("web", false).state()).isEqualTo("stopped");
      assertThat(System.nanoTime() - begin).isLessThan(4_000_000_000L); // not by the grace
      assertThat(daemon.processes()).isEmpty();
      client.restart("web");
      assertThat(client.show("web").state()).isEqualTo("running");
      client.kill("web");
      assertThat(client.show("web").state()).isEqualTo("stopped");
    }
  }

  @Test
  void aScriptedMishapIsReportedAndLeavesNothing() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start();
        TestClient client = daemon.client()) {
      daemon.mishap("panic-in 40");
      assertThat(catchMessage(() -> client.create("web", true))).contains("panic");
      assertThat(client.list()).isEmpty();
      assertThat(daemon.processes()).isEmpty();
      daemon.noMishap();
      client.create("web", true);
    }
  }

  @Test
  void daemonsAndVmsStartQuickly() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start()) {
      long begin = System.nanoTime();
      daemon.killAndStart();
      long started = System.nanoTime();
      try (TestClient client = daemon.client()) {
        client.create("first", true);
        long warm = System.nanoTime();
        for (int i = 0; i < 10; i++) {
          client.create("web-" + i, true);
        }
        System.out.printf(
            "daemon %d ms, VM %d ms%n",
            (started - begin) / 1_000_000, (System.nanoTime() - warm) / 10_000_000);
      }
    }
  }

  private interface Act {
    void run() throws Exception;
  }

  private static String catchMessage(Act act) {
    try {
      act.run();
      return "";
    } catch (Exception e) {
      return String.valueOf(e.getMessage());
    }
  }
}
