package dev.banger.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SlowNoticeTest {
  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

  private ProgressView view(boolean terminal) {
    return new ProgressView(new PrintStream(shown, true, StandardCharsets.UTF_8), terminal);
  }

  private String text() {
    return shown.toString(StandardCharsets.UTF_8);
  }

  @Test
  void whatLastsIsToldAndLeavesNothingOnATerminal() {
    try (SlowNotice _ = new SlowNotice(view(true), "vm.delete web: remove", Duration.ofMillis(1))) {
      await().until(() -> text().endsWith("vm.delete web: remove"));
    }
    assertThat(text()).endsWith("\r\033[K");
  }

  @Test
  void elsewhereItIsALine() {
    try (SlowNotice _ = new SlowNotice(view(false), "vm.delete web: remove", Duration.ZERO)) {
      await().until(() -> text().equals("vm.delete web: remove\n"));
    }
    assertThat(text()).isEqualTo("vm.delete web: remove\n");
  }

  @Test
  void whatIsQuickIsNotTold() {
    new SlowNotice(view(false), "vm.delete web: remove", Duration.ofHours(1)).close();
    assertThat(text()).isEmpty();
  }
}
