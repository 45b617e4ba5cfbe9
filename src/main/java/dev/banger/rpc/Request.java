package dev.banger.rpc;

import dev.banger.rpc.JsonText.Malformed;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line from a client.
 *
 * @param id raw JSON, a string or a number; null: a notification
 * @param params raw JSON object
 */
record Request(@Nullable String id, String method, String params) {
  static final String CANCEL = "$/cancel";

  /** JSON, but no request: JSON-RPC tells the two apart. */
  static final class Invalid extends Exception {
    private static final long serialVersionUID = 1L;

    Invalid(String message) {
      super(message);
    }
  }

  /** The longest id that is accepted, in characters. */
  private static final int ID_LIMIT = 64;

  static Request parse(byte[] line) throws Malformed, Invalid {
    Map<String, String> members = JsonText.object(decode(line));
    String id = members.get("id");
    if (!"\"2.0\"".equals(members.get("jsonrpc"))) {
      throw new Invalid("\"jsonrpc\" is not \"2.0\"");
    }
    if (id != null && (id.length() > ID_LIMIT || "{[ntf".indexOf(id.charAt(0)) >= 0)) {
      throw new Invalid("the id is no number or string of at most " + ID_LIMIT + " characters");
    }
    String method = members.get("method");
    if (method == null || !method.startsWith("\"")) {
      throw new Invalid("there is no method");
    }
    String params = members.getOrDefault("params", "{}");
    if (!params.startsWith("{")) {
      throw new Invalid("the params are no object");
    }
    return new Request(id, JsonText.string(method), params);
  }

  static String decode(byte[] line) throws Malformed {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
    } catch (CharacterCodingException e) {
      throw new Malformed("a byte that is not UTF-8");
    }
  }

  static String reply(@Nullable String id, String result) {
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":" + result + "}\n";
  }

  static String failure(@Nullable String id, String error) {
    return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"error\":" + error + "}\n";
  }

  static String notification(String method, String params) {
    StringBuilder json = new StringBuilder(64 + params.length());
    JsonText.quote(json.append("{\"jsonrpc\":\"2.0\",\"method\":"), method);
    return json.append(",\"params\":").append(params).append("}\n").toString();
  }

  static String call(long id, String method, String params) {
    StringBuilder json = new StringBuilder(64 + params.length());
    JsonText.quote(
        json.append("{\"jsonrpc\":\"2.0\",\"id\":").append(id).append(",\"method\":"), method);
    return json.append(",\"params\":").append(params).append("}\n").toString();
  }
}
