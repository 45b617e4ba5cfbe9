package dev.banger.model;

import org.jspecify.annotations.Nullable;

/**
 * The one failure that leaves a room's door. The message says what was tried and on what, the cause
 * why (once), the hint what to do next.
 */
public final class BangerException extends Exception {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final String hint;

  public BangerException(ErrorCode code, String message, String hint, @Nullable Throwable cause) {
    super(message, cause);
    this.code = code;
    this.hint = hint;
  }

  public BangerException(ErrorCode code, String message, String hint) {
    this(code, message, hint, null);
  }

  public ErrorCode code() {
    return code;
  }

  /** What to do next; empty when there is nothing to say. */
  public String hint() {
    return hint;
  }

  /** Why it failed: the messages of the causes, outermost first, without repeats; empty if none. */
  public String reason() {
    StringBuilder reason = new StringBuilder();
    String last = getMessage();
    for (Throwable cause = getCause(); cause != null; cause = cause.getCause()) {
      String text =
          cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
      if (!text.isEmpty() && (last == null || !last.contains(text))) {
        reason.append(reason.isEmpty() ? "" : ": ").append(text);
        last = text;
      }
    }
    return reason.toString();
  }
}
