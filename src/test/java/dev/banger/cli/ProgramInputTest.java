package dev.banger.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ProgramInputTest {
  @TempDir Path directory;
  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
  }

  /** Both ends of one stream. */
  private record Link(YamuxSession here, YamuxStream sender, YamuxStream receiver) {}

  private Link link() throws Exception {
    var address = UnixDomainSocketAddress.of(directory.resolve("socket" + opened.size()));
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      YamuxSession here = YamuxSession.client(SocketChannel.open(address));
      YamuxSession there = YamuxSession.server(server.accept());
      opened.addAll(List.of(here, there));
      return new Link(here, here.open(), there.accept());
    }
  }

  private static ProgramInput input(byte[] bytes) {
    ProgramInput input = new ProgramInput(new ByteArrayInputStream(bytes));
    input.start();
    return input;
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  @Test
  void whatTheProgramHadNotGotIsSentAgain() throws Exception {
    byte[] data = random(3 << 20);
    ProgramInput input = input(data);
    int got = 0;
    for (int accepted : new int[] {0, 90_000, 1_500_000}) {
      Link link = link();
      input.follow(link.sender(), accepted);
      got = accepted + 200_000;
      assertThat(link.receiver().input().readNBytes(200_000))
          .isEqualTo(Arrays.copyOfRange(data, accepted, got));
      if (accepted == 90_000) { // so far that the next place was sent, too
        link.receiver().input().readNBytes(1_500_000 - got);
      }
      link.here().close();
    }
    Link last = link();
    input.follow(last.sender(), got);
    assertThat(last.receiver().input().readAllBytes())
        .isEqualTo(Arrays.copyOfRange(data, got, data.length));
  }

  @Test
  void theEndIsToldAtEachConnection() throws Exception {
    ProgramInput input = input("all".getBytes(UTF_8));
    for (int accepted : new int[] {0, 1, 3}) {
      Link link = link();
      input.follow(link.sender(), accepted);
      assertThat(new String(link.receiver().input().readAllBytes(), UTF_8))
          .isEqualTo("all".substring(accepted));
    }
  }

  @Test
  void whatIsNoLongerKeptOrWasNeverReadIsAnErrorAndNotSkipped() throws Exception {
    byte[] data = random(3 << 20);
    ProgramInput input = input(data);
    Link link = link();
    input.follow(link.sender(), 0);
    assertThat(link.receiver().input().readAllBytes()).isEqualTo(data);
    for (long accepted : new long[] {0, data.length - (1 << 20) - 1, data.length + 1}) {
      assertThatThrownBy(() -> input.follow(link().sender(), accepted))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("too few are kept");
    }
  }
}
