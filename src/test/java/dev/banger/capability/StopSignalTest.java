package dev.banger.capability;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class StopSignalTest {
  @Test
  void namesAreTakenAsDockerTakesThem() {
    for (String name : List.of("SIGTERM", "TERM", "15", "sigterm", " TERM ")) {
      assertThat(StopSignal.number(name)).hasValue(15);
    }
    assertThat(StopSignal.number("SIGQUIT")).hasValue(3);
    assertThat(StopSignal.number("SIGWINCH")).hasValue(28);
    assertThat(StopSignal.number("SIGRTMIN+3")).hasValue(37);
    assertThat(StopSignal.number("RTMAX-2")).hasValue(62);
    assertThat(StopSignal.number("SIGRTMIN")).hasValue(34);
  }

  @Test
  void whatIsNoSignalHasNoNumber() {
    for (String name :
        List.of("", "0", "65", "-1", "SIG", "NOPE", "SIGRTMIN-1", "SIGRTMAX+1", "SIGRTMIN+99")) {
      assertThat(StopSignal.number(name)).as(name).isEmpty();
    }
  }

  /** The shell is the judge. */
  @Test
  void everyNameHasTheSystemsNumber() throws Exception {
    Process shell =
        new ProcessBuilder("bash", "-c", "for i in {1..31}; do kill -l $i; done").start();
    try (InputStream out = shell.getInputStream()) {
      List<String> names = new String(out.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      assertThat(names).hasSize(31);
      for (int i = 0; i < names.size(); i++) {
        assertThat(StopSignal.number(names.get(i))).as(names.get(i)).hasValue(i + 1);
      }
    }
  }
}
