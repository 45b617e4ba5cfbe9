package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** What is cancelled at any moment has changed nothing, and says that it was cancelled. */
class CancelHostTest {
  private static final long STEP_MILLIS = 4;
  private static final int STEPS = 20;
  private static final int ROUNDS = 100;

  @Test
  void aCancelledStartLeavesTheVmAsItWas() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start();
        TestClient client = daemon.client()) {
      client.create("warm", true);
      for (int step = 0; step < STEPS; step++) {
        client.create("web", false);
        String operation =
            client.call(VmApi.START_BEGIN, new VmApi.Start("web", false, null)).operation();
        Thread.sleep(step * STEP_MILLIS); // the moment is the test
        String end = client.cancel(operation).state();
        String wanted = end.equals(OperationApi.DONE) ? "running" : "created";
        VmApi.View web = client.show("web");
        assertThat(web.state())
            .as("%s after %d ms: %s", end, step * STEP_MILLIS, web)
            .isEqualTo(wanted);
        client.delete("web", true);
      }
      client.delete("warm", true);
      Invariants.require(daemon, Duration.ofSeconds(5));
    }
  }

  @Test
  void aCancelledCreateLeavesNothing() throws Exception {
    Map<String, Integer> ends = new TreeMap<>();
    try (TestDaemon daemon = TestDaemon.ofFakes().start();
        TestClient client = daemon.client()) {
      for (int step = 0; step < STEPS; step++) {
        String operation = client.beginCreate(TestClient.wish("web", true)).operation();
        Thread.sleep(step * STEP_MILLIS); // the moment is the test
        String end = client.cancel(operation).state();
        ends.merge(end, 1, Integer::sum);
        assertThat(end).isIn(OperationApi.DONE, OperationApi.CANCELLED);
        assertThat(client.list()).hasSize(end.equals(OperationApi.DONE) ? 1 : 0);
        if (end.equals(OperationApi.DONE)) {
          client.delete("web", true);
        }
      }
      Invariants.require(daemon, Duration.ofSeconds(5));
    }
    assertThat(ends).containsKey(OperationApi.CANCELLED);
  }

  @Test
  void aCreateThatIsBrokenOffByADeleteLeavesNothing() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start();
        TestClient client = daemon.client()) {
      for (int round = 0; round < ROUNDS; round++) {
        String operation = client.beginCreate(TestClient.wish("web", true)).operation();
        client.delete("web", true);
        var _ = client.cancel(operation); // returns when it has ended
      }
      Invariants.require(daemon, Duration.ofSeconds(5));
    }
  }
}
