package dev.banger.cli;

import dev.banger.model.BangerException;
import dev.banger.model.Durations;
import org.jspecify.annotations.Nullable;

/** How long a start may wait for room: {@code --wait} or {@code --wait=DURATION}. */
final class WaitOption {
  static final String DESCRIPTION = "Wait for room on the host, 10 minutes or --wait=DURATION";
  static final String STANDARD = "10m";

  private WaitOption() {}

  static @Nullable Long millis(@Nullable String text) throws UsageException {
    try {
      return text == null ? null : Durations.parse("--wait", text).toMillis();
    } catch (BangerException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e.hint());
    }
  }
}
