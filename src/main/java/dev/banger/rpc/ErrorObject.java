package dev.banger.rpc;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.JsonText.Malformed;
import java.util.Map;

/** Failures as JSON: the {@code error} of a reply, and back into the exception. */
final class ErrorObject {
  /** JSON-RPC's own numbers, and ours: one for every failure of a method. */
  static final int PARSE = -32700;

  static final int INVALID_REQUEST = -32600;
  static final int NO_METHOD = -32601;
  static final int INVALID_PARAMS = -32602;
  static final int INTERNAL = -32603;
  static final int FAILED = -32000;
  static final int REFUSED = -32001;

  private ErrorObject() {}

  /** A failure that the other side told us about: what it said was the cause. */
  private static final class Remote extends Exception {
    private static final long serialVersionUID = 1L;

    Remote(String message) {
      super(message, null, false, false);
    }
  }

  /** {@code {"code":…,"message":…,"data":{…}}}. */
  static String error(int code, BangerException failure) {
    StringBuilder json = new StringBuilder(256).append("{\"code\":").append(code);
    JsonText.quote(json.append(",\"message\":"), message(failure));
    return json.append(",\"data\":").append(data(failure)).append('}').toString();
  }

  /** {@code {"code":…,"tried":…,"cause":…,"hint":…}}. */
  static String data(BangerException failure) {
    StringBuilder json = new StringBuilder(200);
    JsonText.quote(json.append("{\"code\":"), failure.code().name());
    JsonText.quote(json.append(",\"tried\":"), message(failure));
    JsonText.quote(json.append(",\"cause\":"), failure.reason());
    JsonText.quote(json.append(",\"hint\":"), failure.hint());
    return json.append('}').toString();
  }

  /** The failure that {@link #error} was made from, as far as it can be told. */
  static BangerException read(String error) throws Malformed {
    Map<String, String> members = JsonText.object(error);
    String data = members.get("data");
    return data != null && data.startsWith("{")
        ? readData(data)
        : new BangerException(
            ErrorCode.INTERNAL, text(members, "message", "the daemon gave no reason"), "");
  }

  /** The failure that {@link #data} was made from. */
  static BangerException readData(String data) throws Malformed {
    Map<String, String> members = JsonText.object(data);
    String cause = text(members, "cause", "");
    return new BangerException(
        code(text(members, "code", "")),
        text(members, "tried", "the daemon gave no reason"),
        text(members, "hint", ""),
        cause.isEmpty() ? null : new Remote(cause));
  }

  private static ErrorCode code(String name) {
    try {
      return ErrorCode.valueOf(name);
    } catch (IllegalArgumentException e) {
      return ErrorCode.INTERNAL;
    }
  }

  private static String text(Map<String, String> members, String name, String otherwise)
      throws Malformed {
    String raw = members.get(name);
    return raw == null || !raw.startsWith("\"") ? otherwise : JsonText.string(raw);
  }

  private static String message(BangerException failure) {
    String message = failure.getMessage();
    return message == null ? failure.code().name() : message;
  }
}
