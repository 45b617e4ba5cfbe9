package dev.banger.vmm.qemu;

import io.avaje.json.JsonException;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One line of QEMU's machine protocol, told apart. */
sealed interface QmpMessage {
  Jsonb JSON = Jsonb.builder().build();

  /** QEMU's first line. */
  record Greeting() implements QmpMessage {}

  /** The answer to a command; one that is a list stands under the name {@code return}. */
  record Reply(long id, Map<String, Object> result) implements QmpMessage {}

  /** A command was refused. */
  record Refusal(long id, String kind, String description) implements QmpMessage {}

  /** Something happened. */
  record Event(String name, Map<String, Object> data) implements QmpMessage {}

  /** A command as a line. */
  static String command(long id, String name, Map<String, Object> arguments) {
    Map<String, Object> command = new LinkedHashMap<>();
    command.put("execute", name);
    command.put("id", id);
    if (!arguments.isEmpty()) {
      command.put("arguments", arguments);
    }
    return JSON.toJson(command) + "\n";
  }

  static QmpMessage parse(String line) throws IOException {
    Map<String, Object> fields;
    try {
      fields = object(JSON.type(Object.class).fromJson(line));
    } catch (JsonException | IllegalStateException e) {
      throw new IOException("QEMU sent a line that is no JSON: " + start(line), e);
    }
    if (fields.containsKey("QMP")) {
      return new Greeting();
    }
    if (fields.get("event") instanceof String name) {
      return new Event(name, object(fields.get("data")));
    }
    long id = fields.get("id") instanceof Number number ? number.longValue() : 0;
    if (fields.containsKey("return")) {
      return new Reply(id, answer(fields.get("return")));
    }
    if (fields.containsKey("error")) {
      Map<String, Object> error = object(fields.get("error"));
      return new Refusal(id, String.valueOf(error.get("class")), String.valueOf(error.get("desc")));
    }
    throw new IOException("QEMU sent a line that means nothing here: " + start(line));
  }

  private static Map<String, Object> answer(@Nullable Object value) {
    return value instanceof List<?> list ? Map.of("return", list) : object(value);
  }

  /** Anything but an object is an empty one. */
  private static Map<String, Object> object(@Nullable Object value) {
    Map<String, Object> fields = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((name, field) -> fields.put(String.valueOf(name), field == null ? "" : field));
    }
    return fields;
  }

  private static String start(String line) {
    return line.substring(0, Math.min(line.length(), 200));
  }
}
