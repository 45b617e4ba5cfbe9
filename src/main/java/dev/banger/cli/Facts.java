package dev.banger.cli;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Lines of a name and a value, for what is shown alone. */
final class Facts {
  private static final int WIDTH = 13;

  private final StringBuilder text = new StringBuilder();

  /** No line when there is no value, or an empty one. */
  Facts line(String name, @Nullable Object value) {
    if (value != null && !value.toString().isEmpty()) {
      text.append(name).repeat(' ', WIDTH - name.length()).append(value).append('\n');
    }
    return this;
  }

  /** One line for each. */
  Facts lines(String name, @Nullable Iterable<String> values) {
    if (values != null) {
      values.forEach(value -> line(name, value));
    }
    return this;
  }

  static @Nullable String time(@Nullable Long millis) {
    return millis == null ? null : Instant.ofEpochSecond(millis / 1000).toString();
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
