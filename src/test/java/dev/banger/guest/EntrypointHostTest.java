package dev.banger.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An image's own program, of the real agent as an ordinary process: its console is its stderr. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EntrypointHostTest {
  private static final int TERM = 15;

  private AgentProcess agent;
  private Guest guest;

  @BeforeEach
  void start() throws Exception {
    agent = AgentProcess.start();
    guest = agent.connect();
  }

  @AfterEach
  void stop() throws Exception {
    guest.close();
    agent.stop();
  }

  private void configure(String script) throws Exception {
    Ready _ =
        guest.configure(
            GuestConfiguration.builder()
                .entrypoint(List.of("sh", "-c", script), "/", "", TERM)
                .build(),
            Duration.ofSeconds(20));
  }

  @Test
  void itsOutputGoesToTheConsoleAndThenHowItEnded() throws Exception {
    configure("echo out; echo err >&2; exit 3");
    await().until(() -> agent.log().contains("the entrypoint ended"));
    assertThat(agent.log())
        .contains("out\n", "err\n")
        .endsWith("banger-agent: the entrypoint ended: status 3\n");
  }

  @Test
  void anEndBySignalIsToldAsSuch() throws Exception {
    configure("kill -9 $$");
    await().until(() -> agent.log().endsWith("the entrypoint ended: signal 9\n"));
  }

  @Test
  void whatNoHostReadsDoesNotStopIt() throws Exception {
    configure("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo done");
    await().atMost(Duration.ofSeconds(60)).until(() -> agent.log().contains("\ndone\n"));
    assertThat(agent.log().chars().filter(c -> c == 'x').count()).isGreaterThan(4_999_990);
  }

  @Test
  void itIsListedAndItsOutputIsNobodyElses() throws Exception {
    configure("sleep 100");
    await().until(() -> guest.execs().size() == 1);
    ExecId id = guest.execs().getFirst().id();
    assertThat(id.hex()).isEqualTo("0".repeat(32));
    assertThatThrownBy(() -> guest.attach(id, false, 0, 0))
        .isInstanceOfSatisfying(
            BangerException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.WRONG_STATE))
        .hasStackTraceContaining("goes to the console");
  }

  @Test
  void aStopSignalThatIsNoneIsMalformed() {
    GuestConfiguration wrong =
        GuestConfiguration.builder().entrypoint(List.of("true"), "/", "", 200).build();
    assertThatThrownBy(() -> guest.configure(wrong, Duration.ofSeconds(20)))
        .isInstanceOf(BangerException.class)
        .hasStackTraceContaining("section entrypoint is malformed");
  }
}
