package dev.banger.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.config.Config;
import dev.banger.config.NetworkSettings;
import dev.banger.model.Directories;
import dev.banger.net.port.SocketOwners;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NamesCheckTest {
  @TempDir Path dir;
  private DatagramSocket socket;
  private NetworkSettings settings;
  private NamesCheck check;

  @BeforeEach
  void aPortThatThisProcessHas() throws Exception {
    socket = new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
    Path config =
        Files.writeString(
            dir.resolve("config.toml"),
            "network.dns = \"127.0.0.1:" + socket.getLocalPort() + "\"\n");
    settings = Config.read(config).network();
    check =
        new NamesCheck(Directories.of(Map.of(), dir, false), settings, SocketOwners.ofHost(), dir);
  }

  @AfterEach
  void close() {
    socket.close();
  }

  private Finding only() {
    assertThat(check.run()).hasSize(1);
    return check.run().getFirst();
  }

  @Test
  void whoElseHasThePortIsNamed() {
    Finding taken = only();
    assertThat(taken.level()).isEqualTo(Finding.Level.WARNING);
    assertThat(taken.found()).contains("(pid " + ProcessHandle.current().pid() + ")");
    assertThat(taken.cure()).contains("network.dns");
  }

  @Test
  void aDaemonThatAnswersIsToldWithALineForTheHostsResolver() throws Exception {
    try (FileChannel lock =
            FileChannel.open(
                dir.resolve("daemon.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = lock.lock()) {
      Path data = Directories.of(Map.of(), dir, false).data();
      assertThat(data).isEqualTo(dir);
      assertThat(only().level()).isEqualTo(Finding.Level.OK);
      assertThat(only().found())
          .contains("dig @127.0.0.1 -p " + socket.getLocalPort() + " NAME.vm", "server=/vm/");
      Files.createDirectories(dir.resolve("run/systemd/resolve"));
      Files.createFile(dir.resolve("run/systemd/resolve/resolv.conf"));
      assertThat(only().found()).contains("Domains=~vm");
      socket.close();
      assertThat(only().found()).contains("nobody answers");
    }
  }
}
