package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.banger.api.VmApi;
import dev.banger.model.VmId;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The daemon dies when an end was seen, and before it is written down. */
class CutOffEndHostTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Test
  void anEndIsWhatItWasThoughTheDaemonDiedWhenTheShimsRecordWasGone() throws Exception {
    try (TestDaemon daemon = TestDaemon.ofFakes()) {
      Path points = Files.createDirectories(daemon.home().resolve("points"));
      daemon.property("banger.test.points", points.toString());
      daemon.start();
      Path run;
      try (TestClient client = daemon.client()) {
        client.await(client.beginCreate(TestClient.wish("off", true)).operation());
        run = daemon.directories().vmRun(new VmId(client.show("off").id()));
      }
      Files.writeString(points.resolve("armed"), "kill 2"); // behind the step TEARDOWN
      powerOff(run.resolve("vmm.sock"));
      assertThat(daemon.awaitEnd(LIMIT)).isTrue();
      assertThat(Files.readString(points.resolve("passed"))).endsWith(" TEARDOWN\n");
      assertThat(run.resolve("exit")).doesNotExist();
      daemon.start();
      try (TestClient client = daemon.client()) {
        VmApi.View off =
            await()
                .atMost(LIMIT)
                .until(() -> client.show("off"), vm -> !vm.state().equals("running"));
        assertThat(off.state()).isEqualTo("stopped");
        assertThat(off.reason()).contains("powered off");
      }
    }
  }

  private static void powerOff(Path socket) throws Exception {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      channel.write(ByteBuffer.wrap("poweroff\n".getBytes(StandardCharsets.UTF_8)));
    }
  }
}
