package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.api.VmApi;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How VMs end while nothing can be written: it is seen at once, and written when there is room. */
class FullDiskEndsHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int MEBIBYTES = 40;

  private static VmApi.View awaitState(TestDaemon daemon, String vm, String state) {
    return await()
        .atMost(LIMIT)
        .until(() -> daemon.vm(vm), found -> found.isPresent() && found.get().state().equals(state))
        .orElseThrow();
  }

  @Test
  void anEndThatCannotBeWrittenIsSeenAndWrittenLaterAndItsPolicyHolds() throws Exception {
    try (SmallDisk disk = SmallDisk.of(MEBIBYTES);
        TestDaemon daemon = TestDaemon.ofFakes(disk.home()).start()) {
      long down;
      long up;
      try (TestClient client = daemon.client()) {
        client.create("down", true);
        Map<String, Object> wish = new LinkedHashMap<>(TestClient.wish("up", true));
        wish.put("restart", "on-failure");
        client.await(client.beginCreate(wish).operation());
        down = Optional.ofNullable(client.show("down").pid()).orElseThrow();
        up = Optional.ofNullable(client.show("up").pid()).orElseThrow();
      }
      disk.fillTo(0);
      for (long pid : new long[] {down, up}) {
        assertThat(new ProcessBuilder("kill", "-9", Long.toString(pid)).start().waitFor()).isZero();
      }
      assertThat(awaitState(daemon, "down", "failed").reason())
          .contains("killed")
          .contains("cannot be written down yet");
      awaitState(daemon, "up", "failed");
      disk.empty();
      await()
          .atMost(LIMIT)
          .until(
              () -> daemon.vm("down").orElseThrow().reason(),
              reason -> reason != null && !reason.contains("cannot be written down"));
      assertThat(awaitState(daemon, "up", "running").policies().restarts()).isEqualTo(1);
      daemon.killAndStart();
      assertThat(awaitState(daemon, "down", "failed").reason()).contains("killed");
      try (TestClient client = daemon.client()) {
        client.start("down");
      }
    }
  }
}
