package dev.banger.yamux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class YamuxSessionTest {
  private SocketPair pair;
  private YamuxSession client;
  private YamuxSession server;

  @BeforeEach
  void connect() throws IOException {
    pair = SocketPair.open();
    client = YamuxSession.client(pair.left());
    server = YamuxSession.server(pair.right());
  }

  @AfterEach
  void disconnect() throws IOException {
    client.close();
    server.close();
    pair.close();
  }

  @Test
  void bytesArriveOnTheOtherSideAndEndWithEndOfFile() throws Exception {
    YamuxStream here = client.open();
    here.output().write("hello".getBytes(UTF_8));
    here.closeOutput();
    YamuxStream there = server.accept();
    assertThat(there.input().readAllBytes()).isEqualTo("hello".getBytes(UTF_8));
    there.output().write("still open".getBytes(UTF_8));
    there.closeOutput();
    assertThat(here.input().readAllBytes()).isEqualTo("still open".getBytes(UTF_8));
  }

  @Test
  void eitherSideOpensStreams() throws Exception {
    server.open().output().write(1);
    assertThat(client.accept().input().read()).isEqualTo(1);
  }

  @Test
  void bytesReadTooEarlyBelongToTheSession() throws Exception {
    try (SocketPair other = SocketPair.open();
        YamuxSession early = YamuxSession.server(other.right(), new byte[] {0, 1, 0, 1, 0})) {
      new RawPeer(other.left()).bytes(new byte[] {0, 0, 1, 0, 0, 0, 0}).data(1, 0, "x");
      assertThat(early.accept().input().read()).isEqualTo('x');
    }
  }

  @Test
  void manyStreamsCarryTheirOwnBytes() throws Exception {
    long seed = 42;
    int count = 100;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> echoes = threads.submit(() -> echo(count));
      List<Future<?>> runs = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Random random = new Random(seed + i);
        runs.add(threads.submit(() -> roundTrip(random)));
      }
      for (Future<?> run : runs) {
        run.get();
      }
      echoes.get();
    }
    await().until(() -> client.openStreams() == 0 && server.openStreams() == 0);
  }

  private Void echo(int count) throws Exception {
    for (int i = 0; i < count; i++) {
      YamuxStream stream = server.accept();
      Thread.ofVirtual()
          .start(() -> {
            try (stream) {
              stream.input().transferTo(stream.output());
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
    }
    return null;
  }

  private Void roundTrip(Random random) throws Exception {
    try (YamuxStream stream = client.open()) {
      CRC32 sent = new CRC32();
      long size = random.nextLong(3_000_000);
      Thread writer = Thread.ofVirtual().start(() -> writeRandom(stream, random, size, sent));
      CRC32 back = new CRC32();
      long received = 0;
      byte[] buffer = new byte[50_000];
      for (int n = stream.input().read(buffer); n >= 0; n = stream.input().read(buffer)) {
        back.update(buffer, 0, n);
        received += n;
      }
      writer.join();
      assertThat(received).isEqualTo(size);
      assertThat(back.getValue()).isEqualTo(sent.getValue());
    }
    return null;
  }

  private static void writeRandom(YamuxStream stream, Random random, long size, CRC32 sum) {
    try {
      for (long left = size; left > 0; ) {
        byte[] part = new byte[(int) Math.min(left, 1 + random.nextInt(100_000))];
        random.nextBytes(part);
        sum.update(part);
        stream.output().write(part);
        left -= part.length;
      }
      stream.closeOutput();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aReaderThatStallsHoldsUpNobodyElseAndBuffersAreBounded() throws Exception {
    YamuxStream stalled = client.open();
    AtomicInteger written = new AtomicInteger();
    Thread flood =
        Thread.ofVirtual()
            .start(() -> {
              try {
                while (true) {
                  stalled.output().write(new byte[1024]);
                  written.addAndGet(1024);
                }
              } catch (IOException e) {
                // the reset below
              }
            });
    await().until(() -> written.get() == Frame.INITIAL_WINDOW + 64 * 1024);
    YamuxStream unread = server.accept();
    YamuxStream quick = client.open();
    byte[] much = new byte[5_000_000];
    Thread.ofVirtual().start(() -> writeRandom(quick, new Random(1), much.length, new CRC32()));
    assertThat(server.accept().input().readNBytes(much.length)).hasSize(much.length);
    assertThat(unread.input().available()).isEqualTo(Frame.INITIAL_WINDOW);
    assertThat(written.get()).isEqualTo(Frame.INITIAL_WINDOW + 64 * 1024);
    unread.reset();
    flood.join();
  }

  @Test
  void aResetFailsBothSidesButGivesWhatHadArrived() throws Exception {
    YamuxStream here = client.open();
    here.output().write(7);
    YamuxStream there = server.accept();
    await().until(() -> there.input().available() == 1);
    here.reset();
    assertThat(there.input().read()).isEqualTo(7);
    assertThatThrownBy(() -> there.input().read()).hasMessageContaining("reset by the other side");
    assertThatThrownBy(() -> there.output().write(1)).hasMessageContaining("reset by the other");
    assertThatThrownBy(() -> here.input().read()).hasMessageContaining("reset here");
    await().until(() -> client.openStreams() == 0 && server.openStreams() == 0);
  }

  @Test
  void aClosedStreamAnswersMoreBytesWithAReset() throws Exception {
    YamuxStream here = client.open();
    here.close();
    YamuxStream there = server.accept();
    assertThat(there.input().read()).isEqualTo(-1);
    there.output().write(1);
    await().until(() -> client.openStreams() == 0 && server.openStreams() == 0);
    assertThatThrownBy(() -> there.output().write(1)).hasMessageContaining("reset by the other");
  }

  @Test
  void streamsAboveTheLimitAreRefused() throws Exception {
    try (Raw raw = Raw.open()) {
      for (int i = 0; i < 300; i++) {
        raw.peer().header(Frame.WINDOW_UPDATE, Frame.SYN, 2 * i + 1, 0);
      }
      int accepted = 0;
      int refused = 0;
      while (accepted + refused < 300) {
        switch (raw.peer().read().flags()) {
          case Frame.ACK -> accepted++;
          case Frame.RST -> refused++;
          default -> throw new AssertionError("an unexpected frame");
        }
      }
      assertThat(accepted).isEqualTo(Frame.MAX_STREAMS);
    }
  }

  @Test
  void noMoreStreamsThanTheLimitAreOpened() throws Exception {
    for (int i = 0; i < Frame.MAX_STREAMS; i++) {
      client.open();
    }
    assertThatThrownBy(() -> client.open()).hasMessageContaining("256 are open");
  }

  @Test
  void aPingIsAnsweredAndAMissingAnswerIsAnError() throws Exception {
    assertThat(client.ping(Duration.ofSeconds(10)))
        .isBetween(Duration.ZERO, Duration.ofSeconds(10));
    try (SocketPair silent = SocketPair.open();
        YamuxSession alone = YamuxSession.client(silent.left())) {
      assertThatThrownBy(() -> alone.ping(Duration.ofMillis(20)))
          .hasMessage("no answer to a ping within 20 ms");
    }
  }

  @Test
  void aLostConnectionFailsEveryWaitWithOneReason() throws Exception {
    BlockingQueue<IOException> reasons = new LinkedBlockingQueue<>();
    client.onClosed(reasons::add);
    YamuxStream stream = client.open();
    pair.right().close();
    assertThatThrownBy(() -> stream.input().read())
        .hasMessageContaining("the connection has ended");
    assertThatThrownBy(() -> client.accept()).hasMessageContaining("the connection has ended");
    assertThatThrownBy(() -> client.open()).hasMessageContaining("the connection has ended");
    assertThat(reasons.poll(10, TimeUnit.SECONDS))
        .message()
        .matches("the other side closed.*|Connection reset.*");
    client.onClosed(reasons::add);
    assertThat(reasons).hasSize(1);
    assertThat(client.isOpen()).isFalse();
  }

  @Test
  void bytesQueuedBeforeCloseStillLeave() throws Exception {
    YamuxStream stream = client.open();
    stream.output().write(new byte[60_000]);
    stream.closeOutput();
    client.close();
    assertThat(server.accept().input().readAllBytes()).hasSize(60_000);
  }

  @Test
  void anInterruptEndsAWaitAndNotTheSession() throws Exception {
    YamuxStream stream = client.open();
    BlockingQueue<Exception> caught = new LinkedBlockingQueue<>();
    Thread reader =
        Thread.ofPlatform()
            .start(() -> {
              try {
                stream.input().read();
              } catch (IOException e) {
                caught.add(e);
              }
            });
    await().until(() -> reader.getState() == Thread.State.WAITING);
    reader.interrupt();
    assertThat(caught.poll(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedIOException.class);
    server.accept().output().write(5);
    assertThat(stream.input().read()).isEqualTo(5);
  }

  @Test
  void aWaitEndsAtTheDeadline() throws Exception {
    YamuxStream stream = client.open();
    stream.deadline(Duration.ofMillis(10));
    assertThatThrownBy(() -> stream.input().read()).isInstanceOf(SocketTimeoutException.class);
    assertThatThrownBy(() -> stream.output().write(new byte[1_000_000]))
        .isInstanceOf(SocketTimeoutException.class);
    stream.deadline(null);
    server.accept().output().write(5);
    assertThat(stream.input().read()).isEqualTo(5);
  }

  @Test
  void aBrokenRuleEndsTheSessionAndSaysWhich() throws Exception {
    endsBecause(
        "unknown version 1", raw -> raw.bytes(new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    endsBecause("unknown type 4", raw -> raw.header(4, 0, 0, 0));
    endsBecause("wrong parity", raw -> raw.header(Frame.WINDOW_UPDATE, Frame.SYN, 2, 0));
    endsBecause("wrong parity", raw -> raw.header(Frame.WINDOW_UPDATE, Frame.SYN, 0, 0));
    endsBecause("never opened", raw -> raw.header(Frame.DATA, 0, 1, 0));
    endsBecause("65537 bytes", raw -> raw.header(Frame.DATA, Frame.SYN, 1, 65_537));
    endsBecause("4294967295 bytes", raw -> raw.header(Frame.DATA, Frame.SYN, 1, -1));
    endsBecause("code 1", raw -> raw.header(Frame.GO_AWAY, 0, 0, 1));
    endsBecause("middle of a frame", raw -> raw.bytes(new byte[] {0, 0}).close());
    endsBecause(
        "used id",
        raw ->
            raw.header(Frame.WINDOW_UPDATE, Frame.SYN, 3, 0)
                .header(Frame.WINDOW_UPDATE, Frame.SYN, 1, 0));
    endsBecause(
        "window above",
        raw -> raw.header(Frame.WINDOW_UPDATE, Frame.SYN, 1, -1 - Frame.INITIAL_WINDOW + 1));
    endsBecause(
        "beyond its window",
        raw -> {
          raw.header(Frame.WINDOW_UPDATE, Frame.SYN, 1, 0);
          for (int i = 0; i < 4; i++) {
            raw.data(1, 0, "x".repeat(65_536));
          }
          raw.header(Frame.DATA, 0, 1, 1);
        });
  }

  @Test
  void framesForAClosedStreamAreReadAway() throws Exception {
    try (Raw raw = Raw.open()) {
      raw.peer()
          .header(Frame.WINDOW_UPDATE, Frame.SYN, 1, 0)
          .header(Frame.WINDOW_UPDATE, Frame.RST, 1, 0)
          .data(1, 0, "late")
          .header(Frame.WINDOW_UPDATE, 0, 1, 5)
          .data(3, Frame.SYN, "on time");
      assertThatThrownBy(() -> raw.session().accept().input().read())
          .hasMessageContaining("reset by");
      assertThat(raw.session().accept().input().readNBytes(7)).isEqualTo("on time".getBytes(UTF_8));
    }
  }

  /** A session and the hand-written frames it gets. */
  private record Raw(RawPeer peer, YamuxSession session) implements AutoCloseable {
    static Raw open() throws IOException {
      SocketPair pair = SocketPair.open();
      return new Raw(new RawPeer(pair.left()), YamuxSession.server(pair.right()));
    }

    @Override
    public void close() throws IOException {
      peer.close();
      session.close();
    }
  }

  private interface Misbehaviour {
    void run(RawPeer peer) throws IOException;
  }

  private static void endsBecause(String reason, Misbehaviour misbehaviour) throws Exception {
    BlockingQueue<IOException> reasons = new LinkedBlockingQueue<>();
    try (Raw raw = Raw.open()) {
      raw.session().onClosed(reasons::add);
      misbehaviour.run(raw.peer());
      assertThat(reasons.poll(10, TimeUnit.SECONDS)).hasMessageContaining(reason);
    }
  }
}
