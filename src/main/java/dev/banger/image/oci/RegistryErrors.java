package dev.banger.image.oci;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a registry says about its refusal. */
final class RegistryErrors {
  private static final int BODY_LIMIT = 64 << 10;
  private static final int TEXT_LIMIT = 300;
  private static final int MOST = 3;

  private RegistryErrors() {}

  /** The status, and its reasons where the body holds any. Closes the answer. */
  static String describe(Answer answer) {
    try (answer) {
      String reason = reason(answer);
      String status = answer.address().getHost() + " answers with status " + answer.status();
      return reason.isEmpty() ? status : status + ": " + reason;
    }
  }

  private static String reason(Answer answer) {
    try {
      byte[] body = answer.read(BODY_LIMIT);
      if (MediaTypes.plain(answer.header("Content-Type")).equals("text/plain")) {
        return OutsideText.clean(new String(body, StandardCharsets.UTF_8), TEXT_LIMIT);
      }
      return OutsideText.clean(errors(JsonObject.parse(body)), TEXT_LIMIT);
    } catch (IOException e) {
      return "";
    }
  }

  /** {@code errors} of the distribution protocol, or what token servers say. */
  private static String errors(JsonObject json) throws IOException {
    List<String> texts = new ArrayList<>();
    for (JsonObject error : json.objects("errors")) {
      String code = error.text("code");
      String message = error.text("message");
      texts.add(code.isEmpty() || message.isEmpty() ? code + message : code + ": " + message);
    }
    for (String name : List.of("error", "error_description", "details", "message")) {
      if (texts.isEmpty() && json.has(name)) {
        texts.add(json.text(name));
      }
    }
    return String.join("; ", texts.subList(0, Math.min(MOST, texts.size())));
  }
}
