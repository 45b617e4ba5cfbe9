package dev.banger.model;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whether a VM that ended unasked is started again. Written {@code no}, {@code on-failure:3}, … */
public sealed interface RestartPolicy {
  /** As much as a user may ask for. */
  int MOST = 1_000_000;

  record Never() implements RestartPolicy {
    @Override
    public String toString() {
      return "no";
    }
  }

  /**
   * After an end that was none of the guest's own will.
   *
   * @param most times in a row, counted since a user last started it; 0 without an end
   */
  record OnFailure(int most) implements RestartPolicy {
    public OnFailure {
      if (most < 0 || most > MOST) {
        throw new IllegalArgumentException("nothing is restarted " + most + " times");
      }
    }

    @Override
    public String toString() {
      return most == 0 ? "on-failure" : "on-failure:" + most;
    }
  }

  /** After each end but a user's stop. */
  record Always() implements RestartPolicy {
    @Override
    public String toString() {
      return "always";
    }
  }

  RestartPolicy NEVER = new Never();
  RestartPolicy ALWAYS = new Always();

  /** Checks what a user typed; reads what {@code toString} wrote. */
  static RestartPolicy parse(String text) throws BangerException {
    Matcher matcher = Pattern.compile("on-failure(?::([1-9][0-9]{0,5}))?").matcher(text);
    if (matcher.matches()) {
      String most = matcher.group(1);
      return new OnFailure(most == null ? 0 : Integer.parseInt(most));
    }
    return switch (text) {
      case "no" -> NEVER;
      case "always" -> ALWAYS;
      default ->
          throw new BangerException(
              ErrorCode.INVALID,
              "there is no restart policy '" + text + "'",
              "choose no, on-failure, on-failure:N (at most N times) or always");
    };
  }
}
