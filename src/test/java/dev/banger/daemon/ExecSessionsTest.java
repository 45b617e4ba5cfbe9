package dev.banger.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ExecSessionsTest {
  @Test
  @Timeout(2)
  void aDaemonThatEndsWaitsForNobodyThatIsNotThereAndSendsTheRestToTheNext() throws Exception {
    ExecSessions sessions = new ExecSessions();
    assertThatCode(sessions::requireOpen).doesNotThrowAnyException();
    sessions.letGo();
    BangerException refused = catchThrowableOfType(BangerException.class, sessions::requireOpen);
    assertThat(refused.code()).isEqualTo(ErrorCode.UNAVAILABLE);
    assertThat(refused.hint()).contains("next");
  }
}
