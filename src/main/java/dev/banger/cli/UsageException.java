package dev.banger.cli;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;

/** The command line itself is wrong: exit status 2, and nothing was done. */
final class UsageException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String hint;

  UsageException(String message, String hint) {
    super(message);
    this.hint = hint;
  }

  /** A value that the rooms below refused. */
  static UsageException of(BangerException refusal) {
    return new UsageException(String.valueOf(refusal.getMessage()), refusal.hint());
  }

  BangerException asBanger() {
    return new BangerException(ErrorCode.INVALID, String.valueOf(getMessage()), hint);
  }
}
