package dev.banger.cli;

import dev.banger.api.ErrorData;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.Wire;

/** Errors for people, or one JSON document for programs; always on stderr. */
final class Failures {
  private Failures() {}

  static void print(BangerException failure, boolean json) {
    String tried = String.valueOf(failure.getMessage());
    print(
        new ErrorData(failure.code().name(), tried, failure.reason(), failure.hint(), null), json);
  }

  static void print(ErrorData failure, boolean json) {
    System.out.flush();
    if (json) {
      System.err.println(Wire.json().toJson(failure));
      return;
    }
    StringBuilder text = new StringBuilder("error: ").append(failure.tried());
    if (!failure.cause().isEmpty()) {
      text.append(": ").append(failure.cause());
    }
    text.append("\n  code: ").append(failure.code());
    if (!failure.hint().isEmpty()) {
      text.append("\n  hint: ").append(failure.hint());
    }
    if (failure.operation() != null) {
      text.append("\n  operation: ").append(failure.operation());
    }
    System.err.println(text);
  }

  /** The failure that an operation's status tells of. */
  static BangerException read(ErrorData error) {
    return Wire.failure(Wire.json().toJson(error));
  }

  /** The exit status of a failed command: 130 when somebody cancelled it, as shells say. */
  static int status(String code) {
    return code.equals(ErrorCode.CANCELLED.name()) ? 130 : Cli.FAILED;
  }
}
