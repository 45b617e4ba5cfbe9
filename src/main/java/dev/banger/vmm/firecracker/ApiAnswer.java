package dev.banger.vmm.firecracker;

import io.avaje.json.JsonException;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What Firecracker's HTTP server answers: a status and, for 200 and for errors, a JSON object.
 *
 * @param body empty where there was none
 */
record ApiAnswer(int status, Map<String, Object> body) {
  static final Jsonb JSON = Jsonb.builder().build();

  private static final int LINE_LIMIT = 4096;
  private static final int HEADER_LIMIT = 64;
  private static final int BODY_LIMIT = 1 << 20;
  private static final String LENGTH = "content-length:";
  private static final String ENCODING = "transfer-encoding:";

  ApiAnswer {
    body = Map.copyOf(body);
  }

  boolean accepted() {
    return status == 200 || status == 204;
  }

  /** Firecracker's own words for a refusal. */
  String fault() {
    Object message = body.get("fault_message");
    return message == null ? "it answered with status " + status : String.valueOf(message);
  }

  /** Reads one answer; nothing follows it on a connection that serves one request. */
  static ApiAnswer read(InputStream in) throws IOException {
    int status = status(line(in));
    int length = 0;
    int headers = 0;
    for (String header = line(in); !header.isEmpty(); header = line(in)) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith(LENGTH)) {
        length = length(lower.substring(LENGTH.length()).strip());
      }
      if (lower.startsWith(ENCODING)) {
        throw new IOException("an answer in chunks is not understood");
      }
      if (++headers > HEADER_LIMIT) {
        throw new IOException("an answer with more than " + HEADER_LIMIT + " headers");
      }
    }
    byte[] body = in.readNBytes(length);
    if (body.length < length) {
      throw new IOException("the answer ends before its " + length + " bytes");
    }
    return new ApiAnswer(status, parse(new String(body, StandardCharsets.UTF_8)));
  }

  private static int status(String line) throws IOException {
    String[] words = line.split(" ", 3);
    if (words.length < 2 || !words[0].startsWith("HTTP/1.") || !words[1].matches("[1-5][0-9]{2}")) {
      throw new IOException("not an answer of an HTTP server: '" + line + "'");
    }
    return Integer.parseInt(words[1]);
  }

  private static int length(String text) throws IOException {
    if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) > BODY_LIMIT) {
      throw new IOException("an answer of '" + text + "' bytes, more than " + BODY_LIMIT);
    }
    return Integer.parseInt(text);
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new IOException("the connection ended in the middle of an answer");
      }
      if (line.length() == LINE_LIMIT) {
        throw new IOException("a line of more than " + LINE_LIMIT + " bytes");
      }
      line.append((char) next);
    }
    int end = line.length() - 1;
    return end >= 0 && line.charAt(end) == '\r' ? line.substring(0, end) : line.toString();
  }

  private static Map<String, Object> parse(String text) throws IOException {
    if (text.isBlank()) {
      return Map.of();
    }
    try {
      return object(JSON.type(Object.class).fromJson(text));
    } catch (JsonException | IllegalStateException e) {
      throw new IOException("an answer that is no JSON object", e);
    }
  }

  /** Without its nulls, which mean what a missing field means. */
  static Map<String, Object> object(@Nullable Object value) {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((name, field) -> {
        if (field != null) {
          fields.put(String.valueOf(name), field);
        }
      });
    }
    return fields;
  }
}
