package dev.banger.image.oci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An object of a JSON text. A member of the wrong type is MalformedException; one that is missing
 * or null is empty.
 */
final class JsonObject {
  private final Map<?, ?> members;

  private JsonObject(Map<?, ?> members) {
    this.members = members;
  }

  static JsonObject parse(byte[] utf8) throws MalformedException {
    if (JsonParser.parse(utf8) instanceof Map<?, ?> map) {
      return new JsonObject(map);
    }
    throw new MalformedException("it is no JSON object");
  }

  /** A text that is a list of objects. */
  static List<JsonObject> parseList(byte[] utf8) throws MalformedException {
    if (JsonParser.parse(utf8) instanceof List<?> list) {
      return objects("its top level", list);
    }
    throw new MalformedException("it is no JSON list");
  }

  boolean has(String name) {
    return members.get(name) != null;
  }

  /** Empty when it is missing. */
  String text(String name) throws MalformedException {
    Object value = members.get(name);
    return value == null ? "" : text(name, value);
  }

  private static String text(String name, @Nullable Object value) throws MalformedException {
    if (value instanceof String text) {
      return text;
    }
    throw wrong(name, "text");
  }

  /** Empty when it is missing. */
  Optional<Long> number(String name) throws MalformedException {
    return switch (members.get(name)) {
      case null -> Optional.empty();
      case Long number -> Optional.of(number);
      default -> throw wrong(name, "a whole number");
    };
  }

  boolean flag(String name) throws MalformedException {
    return switch (members.get(name)) {
      case null -> false;
      case Boolean flag -> flag;
      default -> throw wrong(name, "true or false");
    };
  }

  /** Without members when it is missing. */
  JsonObject object(String name) throws MalformedException {
    return switch (members.get(name)) {
      case null -> new JsonObject(Map.of());
      case Map<?, ?> map -> new JsonObject(map);
      default -> throw wrong(name, "an object");
    };
  }

  List<JsonObject> objects(String name) throws MalformedException {
    return objects(name, list(name));
  }

  private static List<JsonObject> objects(String name, List<?> list) throws MalformedException {
    List<JsonObject> objects = new ArrayList<>();
    for (Object element : list) {
      if (!(element instanceof Map<?, ?> map)) {
        throw wrong(name, "a list of objects");
      }
      objects.add(new JsonObject(map));
    }
    return objects;
  }

  /** A list of texts; one text alone is a list, too. */
  List<String> texts(String name) throws MalformedException {
    if (members.get(name) instanceof String text) {
      return List.of(text);
    }
    List<String> texts = new ArrayList<>();
    for (Object element : list(name)) {
      texts.add(text(name, element));
    }
    return texts;
  }

  private List<?> list(String name) throws MalformedException {
    return switch (members.get(name)) {
      case null -> List.of();
      case List<?> list -> list;
      default -> throw wrong(name, "a list");
    };
  }

  /** The names of an object's members. */
  List<String> names(String name) throws MalformedException {
    return object(name).members.keySet().stream().map(String.class::cast).toList();
  }

  /** The names of its members. */
  List<String> names() {
    return members.keySet().stream().map(String.class::cast).toList();
  }

  /** An object whose members are all texts. */
  Map<String, String> map(String name) throws MalformedException {
    Map<String, String> map = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : object(name).members.entrySet()) {
      Object value = entry.getValue();
      map.put((String) entry.getKey(), value == null ? "" : text(name, value));
    }
    return map;
  }

  private static MalformedException wrong(String name, String expected) {
    return new MalformedException("its member '" + name + "' is not " + expected);
  }
}
