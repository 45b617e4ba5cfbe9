package dev.banger.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.yamux.YamuxStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GuestTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final GuestLimits SHORT =
      new GuestLimits(
          Duration.ofMillis(300), Duration.ofMillis(300), SECOND, Duration.ofMillis(300));

  private interface Body {
    void run(Guest guest) throws Exception;
  }

  private static void with(GuestLimits limits, ScriptedAgent.Answer answer, Body body)
      throws Exception {
    try (ScriptedAgent agent = ScriptedAgent.answering(answer);
        Guest guest = connect(agent, limits)) {
      body.run(guest);
    }
  }

  private static Guest connect(ScriptedAgent agent, GuestLimits limits) throws Exception {
    var channel = new GuestChannel.Serial(agent.socket());
    return Guest.connect(channel, true, Duration.ofSeconds(20), limits);
  }

  private static void with(ScriptedAgent.Answer answer, Body body) throws Exception {
    with(GuestLimits.standard(), answer, body);
  }

  private static void error(YamuxStream stream, int code, int errno) throws IOException {
    WireWriter body = new WireWriter().u16(code).u32(errno).string("tried this, failed");
    Message.write(stream.output(), Kind.ERROR, body);
  }

  private static void assertFails(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(BangerException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void anAnswerIsDecoded() throws Exception {
    with(
        (stream, request) -> {
          assertThat(request.kind()).isEqualTo(Kind.INFO.code());
          assertThat(request.body()).isEmpty();
          WireWriter body =
              new WireWriter().u16(1).string("0.1").string("6.12").string("b-o-o-t").u8(2).u8(1);
          body.list(List.of(5L), (out, ns) -> out.string("hello").u64(ns));
          Message.write(stream.output(), Kind.OK, body);
        },
        guest ->
            assertThat(guest.info())
                .isEqualTo(
                    new GuestInfo(
                        1,
                        "0.1",
                        "6.12",
                        "b-o-o-t",
                        GuestInfo.Phase.READY,
                        InitMode.SYSTEM,
                        List.of(new Timing("hello", Duration.ofNanos(5))))));
  }

  @ParameterizedTest
  @CsvSource({
    "1,0,VERSION_MISMATCH",
    "4,0,NOT_FOUND",
    "5,0,WRONG_STATE",
    "6,2,NOT_FOUND",
    "6,13,PERMISSION",
    "6,28,NO_SPACE",
    "6,111,UNAVAILABLE",
    "6,5,GUEST_FAILED",
    "8,0,ALREADY_EXISTS",
    "9,0,PERMISSION",
    "99,0,GUEST_FAILED"
  })
  void anErrorOfTheAgentKeepsItsMeaning(int code, int errno, ErrorCode expected) throws Exception {
    with(
        (stream, request) -> error(stream, code, errno),
        guest ->
            assertThatThrownBy(() -> guest.stat("/x", true))
                .isInstanceOfSatisfying(
                    BangerException.class,
                    e -> {
                      assertThat(e.code()).isEqualTo(expected);
                      assertThat(e).hasMessage("cannot look at /x in the guest");
                      assertThat(e.reason()).isEqualTo("tried this, failed");
                    }));
  }

  @Test
  void aCommandThatCannotBeExecutedIsRefusedWithItsErrno() throws Exception {
    with(
        (stream, request) -> error(stream, 6, 2),
        guest -> {
          ExecStart start = guest.exec(ExecSpec.of("nothing").build());
          assertThat(start).isEqualTo(new ExecStart.Refused(2, "tried this, failed"));
          assertThat(new ExecStart.Refused(2, "").exitStatus()).isEqualTo(127);
          assertThat(new ExecStart.Refused(13, "").exitStatus()).isEqualTo(126);
        });
  }

  @Test
  void anOrderThatCameTooEarlyIsGivenOnceMore() throws Exception {
    AtomicInteger orders = new AtomicInteger();
    with(
        (stream, request) -> {
          if (request.kind() == Kind.CONFIGURE.code()) {
            Message.write(stream.output(), Kind.OK, new WireWriter().u16(0).u16(0).u8(2));
          } else if (request.kind() == Kind.EXEC_START.code()) {
            error(stream, 5, orders.incrementAndGet());
          } else {
            error(stream, 4, 0);
          }
        },
        guest -> {
          Guest.Configured both =
              guest.configure(
                  GuestConfiguration.builder().build(), ExecSpec.of("late").build(), SECOND);
          assertFails(ErrorCode.WRONG_STATE, both.order()::await);
        });
    assertThat(orders).hasValue(2);
  }

  @Test
  void aRequestWithoutAnAnswerEndsAtItsLimit() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    with(
        SHORT,
        (stream, request) -> over.await(),
        guest -> {
          assertFails(ErrorCode.TIMEOUT, guest::info);
          assertFails(ErrorCode.TIMEOUT, guest::sync);
          assertThat(guest.isConnected()).isTrue();
        });
    over.countDown();
  }

  @Test
  void aMalformedAnswerIsAnErrorAndTheNextRequestWorks() throws Exception {
    BlockingQueue<byte[]> answers = new LinkedBlockingQueue<>();
    answers.add(new byte[] {0, 0, 0, 1, 0});
    answers.add(new byte[] {(byte) 0xFF, 0, 0, 0});
    answers.add(new byte[] {0, 0, 0, 2, 0, 9});
    answers.add(new byte[] {0, 0, 0, 3, 0, 1, 7});
    answers.add(new byte[] {0, 0, 0, 9, 0, 1});
    with(
        (stream, request) -> {
          byte[] answer = answers.poll();
          stream.output().write(answer == null ? new byte[] {0, 0, 0, 2, 0, 1} : answer);
        },
        guest -> {
          for (int i = 0; i < 5; i++) {
            assertFails(ErrorCode.GUEST_FAILED, guest::sync);
          }
          guest.sync();
        });
  }

  @Test
  void mutatedAnswersNeverHangOrEscapeAsAnythingElse() throws Exception {
    long seed = Long.getLong("banger.fuzz.seed", System.nanoTime());
    System.out.println("GuestTest seed " + seed);
    Random random = new Random(seed);
    byte[] good = goodStats();
    with(
        (stream, request) -> {
          byte[] answer = good.clone();
          mutate(random, answer);
          stream.output().write(answer, 0, answer.length);
        },
        guest -> {
          for (int i = 0; i < 3000; i++) {
            try {
              assertThat(guest.stats()).isNotNull();
            } catch (BangerException e) {
              assertThat(e.code()).as("seed %d", seed).isNotEqualTo(ErrorCode.TIMEOUT);
            }
          }
          assertThat(guest.isConnected()).isTrue();
        });
  }

  private static void mutate(Random random, byte[] answer) {
    for (int i = random.nextInt(4); i > 0; i--) {
      answer[random.nextInt(answer.length)] = (byte) random.nextInt();
    }
  }

  private static byte[] goodStats() throws IOException {
    WireWriter body = new WireWriter().u64(1).u32(2);
    for (int i = 0; i < 11; i++) {
      body.u64(i);
    }
    body.u32(1).u32(2).u32(3).u32(4);
    for (int i = 0; i < 2; i++) {
      body.list(List.of("vda"), (out, name) -> out.string(name).u64(1).u64(2).u64(3).u64(4));
    }
    body.list(List.of("/"), (out, name) -> out.string(name).u64(1).u64(2).u64(3));
    var out = new ByteArrayOutputStream();
    Message.write(out, Kind.OK, body);
    return out.toByteArray();
  }

  @Test
  void aChannelLostInARequestFailsItAndIsReported() throws Exception {
    BlockingQueue<BangerException> lost = new LinkedBlockingQueue<>();
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> {
          ScriptedAgent.write(channel, ScriptedAgent.readHello(channel));
          ScriptedAgent.read(channel, 12 + 12 + 6);
        })) {
      Guest guest = connect(agent, GuestLimits.standard());
      guest.onLost(lost::add);
      assertFails(ErrorCode.UNAVAILABLE, guest::info);
      assertThat(lost.poll(10, TimeUnit.SECONDS)).hasMessage("lost the connection to the guest");
      assertFails(ErrorCode.UNAVAILABLE, guest::info);
      guest.close();
    }
  }

  @Test
  void aGuestThatAnswersNoPingIsLost() throws Exception {
    BlockingQueue<BangerException> lost = new LinkedBlockingQueue<>();
    Duration moment = Duration.ofMillis(50);
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> {
          ScriptedAgent.write(channel, ScriptedAgent.readHello(channel));
          ScriptedAgent.read(channel, 1_000_000);
        })) {
      Guest guest = connect(agent, new GuestLimits(SECOND, SECOND, moment, moment));
      guest.onLost(lost::add);
      BangerException why = lost.poll(10, TimeUnit.SECONDS);
      assertThat(why).isNotNull();
      assertThat(why.reason()).startsWith("the guest does not answer: no answer to a ping");
      guest.close();
    }
  }

  @Test
  void closingIsNotLosing() throws Exception {
    BlockingQueue<BangerException> lost = new LinkedBlockingQueue<>();
    with((stream, request) -> {}, guest -> guest.onLost(lost::add));
    assertThat(lost).isEmpty();
  }

  @Test
  void whatTheProtocolCannotCarryIsRefusedHere() throws Exception {
    with(
        (stream, request) -> error(stream, 2, 0),
        guest -> {
          assertFails(ErrorCode.INVALID, () -> guest.stat("/a\0b", true));
          assertFails(ErrorCode.INVALID, () -> guest.stat("x".repeat(5000), true));
          assertFails(ErrorCode.INVALID, () -> guest.exec(ExecSpec.of("x".repeat(70_000)).build()));
          assertFails(
              ErrorCode.INVALID,
              () -> guest.exec(ExecSpec.of(Collections.nCopies(20, "x".repeat(60_000))).build()));
          assertFails(
              ErrorCode.INVALID, () -> guest.power(PowerAction.END, Duration.ofDays(1000), SECOND));
        });
  }

  @Test
  void aCopyThatTheGuestGivesUpFailsWithItsReason() throws Exception {
    with(
        (stream, request) -> {
          Message.write(stream.output(), Kind.OK, new WireWriter());
          stream.input().readNBytes(1000);
          error(stream, 6, 28);
          stream.closeOutput();
          stream.input().readAllBytes();
        },
        guest -> {
          try (CopyIn copy = guest.copyIn("/there", "", false, false)) {
            assertThatThrownBy(
                    () -> {
                      while (true) {
                        copy.output().write(new byte[10_000]);
                      }
                    })
                .hasMessage("cannot copy to /there in the guest")
                .hasRootCauseMessage("tried this, failed");
            assertFails(ErrorCode.NO_SPACE, () -> copy.finish(SECOND));
          }
        });
  }

  @Test
  void aCopyIsWholeOnlyAfterItsEnd() throws Exception {
    with(
        (stream, request) -> {
          Message.write(stream.output(), Kind.OK, new WireWriter());
          stream.output().write(new byte[] {0, 0, 0, 5, 0, 3, 'a', 'b', 'c'});
          stream.output().write(new byte[] {0, 0, 0, 3, 0, 3, 'd'});
          if (request.body()[4] == 'g') {
            Message.write(stream.output(), Kind.OK, new WireWriter().u64(1).u64(4));
          } else {
            error(stream, 6, 5);
          }
        },
        guest -> {
          try (CopyOut copy = guest.copyOut("good", "", false)) {
            assertFails(ErrorCode.WRONG_STATE, copy::totals);
            assertThat(copy.input().readAllBytes()).isEqualTo("abcd".getBytes(UTF_8));
            assertThat(copy.totals()).isEqualTo(new CopyTotals(1, 4));
          }
          try (CopyOut copy = guest.copyOut("bad", "", false)) {
            assertThat(copy.input().readNBytes(4)).isEqualTo("abcd".getBytes(UTF_8));
            assertThatThrownBy(() -> copy.input().read()).hasRootCauseMessage("tried this, failed");
          }
        });
  }
}
