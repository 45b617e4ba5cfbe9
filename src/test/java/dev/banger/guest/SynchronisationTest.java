package dev.banger.guest;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.yamux.YamuxSession;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SynchronisationTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @Test
  void aFreshGuestIsAskedOnceAndAnswersLate() throws Exception {
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> {
          byte[] hello = ScriptedAgent.read(channel, Synchronisation.HELLO_BYTES);
          Thread.sleep(Duration.ofMillis(500));
          ScriptedAgent.write(channel, hello);
          serveToTheEnd(channel);
        })) {
      assertThatItAnswers(agent, true);
    }
  }

  @Test
  void garbageAndOldAnswersBeforeTheAnswerAreDiscarded() throws Exception {
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> {
          byte[] hello = ScriptedAgent.readHello(channel);
          byte[] garbage = new byte[300_000];
          new Random(1).nextBytes(garbage);
          ScriptedAgent.write(channel, garbage);
          byte[] old = hello.clone();
          old[20] ^= 1;
          ScriptedAgent.write(channel, old);
          ScriptedAgent.write(channel, Arrays.copyOf(Synchronisation.MAGIC, 5));
          ScriptedAgent.write(channel, hello);
          serveToTheEnd(channel);
        })) {
      assertThatItAnswers(agent, true);
    }
  }

  @Test
  void aGuestInTheMiddleOfAFrameIsBroughtOutOfIt() throws Exception {
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> {
          ScriptedAgent.read(channel, Synchronisation.FILLER_BYTES);
          ScriptedAgent.write(channel, ScriptedAgent.readHello(channel));
          serveToTheEnd(channel);
        })) {
      assertThatItAnswers(agent, false);
    }
  }

  @Test
  void aLateAnswerToAnOlderHelloIsNoBeginning() throws Exception {
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> {
          byte[] first = ScriptedAgent.readHello(channel);
          ScriptedAgent.read(channel, Synchronisation.FILLER_BYTES);
          byte[] second = ScriptedAgent.readHello(channel);
          assertThat(second).isNotEqualTo(first);
          ScriptedAgent.write(channel, first);
          ScriptedAgent.write(channel, second);
          serveToTheEnd(channel);
        })) {
      assertThatItAnswers(agent, false);
    }
  }

  @Test
  void anAgentThatNeverAnswersIsATimeout() throws Exception {
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> ScriptedAgent.read(channel, 10_000_000))) {
      for (boolean fresh : new boolean[] {true, false}) {
        assertThatThrownBy(() -> connect(agent.socket(), fresh, Duration.ofMillis(700)))
            .isInstanceOfSatisfying(
                BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMEOUT))
            .hasMessageContaining(agent.socket().toString());
      }
    }
  }

  @Test
  void aChannelThatIsClosedOrMissingIsUnavailable() throws Exception {
    try (ScriptedAgent agent = ScriptedAgent.listening(ScriptedAgent::readHello)) {
      assertThatItIsUnavailable(agent.socket());
    }
    assertThatItIsUnavailable(Path.of("/nonexistent/socket"));
  }

  private static void assertThatItIsUnavailable(Path socket) {
    assertThatThrownBy(() -> connect(socket, false, LIMIT))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAVAILABLE));
  }

  @Test
  void anInterruptEndsTheWaitForTheAgent() throws Exception {
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> ScriptedAgent.read(channel, 10_000_000))) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> connect(agent.socket(), true, LIMIT))
          .isInstanceOf(InterruptedException.class);
      assertThat(Thread.interrupted()).isFalse();
    }
  }

  @Test
  void firecrackersVsockIsAskedUntilTheGuestListens() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> {
          assertThat(ScriptedAgent.read(channel, 13)).asString().isEqualTo("CONNECT 1024\n");
          if (attempts.incrementAndGet() < 3) {
            return;
          }
          ScriptedAgent.write(channel, "OK 1073741824\n".getBytes(US_ASCII));
          ScriptedAgent.write(channel, ScriptedAgent.readHello(channel));
          serveToTheEnd(channel);
        })) {
      var vsock = new GuestChannel.Vsock(agent.socket(), GuestChannel.Vsock.AGENT_PORT);
      try (Guest guest = Guest.connect(vsock, true, LIMIT, GuestLimits.standard())) {
        assertThat(guest.ping()).isPositive();
      }
      assertThat(attempts).hasValue(3);
    }
  }

  @Test
  void anAnswerThatIsNotFirecrackersIsRefused() throws Exception {
    try (ScriptedAgent agent =
        ScriptedAgent.listening(channel -> {
          ScriptedAgent.read(channel, 13);
          ScriptedAgent.write(channel, "SSH-2.0-OpenSSH\n".getBytes(US_ASCII));
        })) {
      var vsock = new GuestChannel.Vsock(agent.socket(), GuestChannel.Vsock.AGENT_PORT);
      assertThatThrownBy(() -> Guest.connect(vsock, true, LIMIT, GuestLimits.standard()))
          .isInstanceOf(BangerException.class)
          .rootCause()
          .hasMessageContaining("SSH-2.0-OpenSSH");
    }
  }

  private static void assertThatItAnswers(ScriptedAgent agent, boolean fresh) throws Exception {
    try (Guest guest = connect(agent.socket(), fresh, LIMIT)) {
      assertThat(guest.ping()).isPositive();
    }
    assertThat(agent.failures).noneMatch(e -> e instanceof AssertionError);
  }

  private static Guest connect(Path socket, boolean fresh, Duration limit) throws Exception {
    return Guest.connect(new GuestChannel.Serial(socket), fresh, limit, GuestLimits.standard());
  }

  private static void serveToTheEnd(SocketChannel channel) throws InterruptedException {
    try {
      var _ = YamuxSession.server(channel).accept();
    } catch (IOException e) {
      // the host has gone
    }
  }
}
