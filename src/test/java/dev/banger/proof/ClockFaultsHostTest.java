package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.OperationApi;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The host's clock jumps: no VM is lost, no wait hangs, nothing ends that has not ended. */
class ClockFaultsHostTest {
  @ParameterizedTest
  @ValueSource(longs = {24, -24})
  void aJumpOfADayEndsNothing(long hours) throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes().start();
        TestClient client = daemon.client()) {
      client.create("web", true);
      Long pid = client.show("web").pid();
      daemon.clockOffset(Duration.ofHours(hours));
      assertThat(client.show("web").state()).isEqualTo("running");
      client.create("later", true);
      assertThat(client.stop("later", false).state()).isEqualTo("stopped");
      String operation = client.beginCreate(TestClient.wish("cancelled", true)).operation();
      assertThat(client.cancel(operation).state()).isIn(OperationApi.CANCELLED, OperationApi.DONE);
      daemon.killAndStart();
      assertThat(daemon.vm("web").orElseThrow().pid()).isEqualTo(pid);
      try (TestClient after = daemon.client()) {
        assertThat(after.exec("web", "/bin/true").status()).isZero();
        assertThat(after.stop("web", false).state()).isEqualTo("stopped");
        after.start("web");
      }
      Invariants.require(daemon, Duration.ofSeconds(10));
    }
  }
}
