package dev.banger.image.oci;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON (RFC 8259) that a stranger wrote into maps, lists, strings, longs, doubles, booleans
 * and nulls. Strings may have any length, which the library on the client's path does not allow. A
 * member that stands twice is refused: two readers could see two images in one text.
 */
final class JsonParser {
  private static final int DEPTH_LIMIT = 64;

  private final String text;
  private int at;

  private JsonParser(String text) {
    this.text = text;
  }

  static @Nullable Object parse(byte[] utf8) throws MalformedException {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedException("it is not UTF-8 text");
    }
    JsonParser parser = new JsonParser(text);
    Object value = parser.value(1);
    parser.space();
    if (parser.at < text.length()) {
      throw parser.bad("nothing more");
    }
    return value;
  }

  private @Nullable Object value(int depth) throws MalformedException {
    if (depth > DEPTH_LIMIT) {
      throw new MalformedException("its JSON is more than " + DEPTH_LIMIT + " levels deep");
    }
    space();
    return switch (peek()) {
      case '{' -> object(depth);
      case '[' -> array(depth);
      case '"' -> string();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> word("null", null);
      default -> number();
    };
  }

  private Map<String, @Nullable Object> object(int depth) throws MalformedException {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    expect('{');
    space();
    if (take('}')) {
      return members;
    }
    do {
      space();
      String name = string();
      space();
      expect(':');
      if (members.containsKey(name)) {
        throw bad("each member once");
      }
      members.put(name, value(depth + 1));
      space();
    } while (take(','));
    expect('}');
    return members;
  }

  private List<@Nullable Object> array(int depth) throws MalformedException {
    List<@Nullable Object> elements = new ArrayList<>();
    expect('[');
    space();
    if (take(']')) {
      return elements;
    }
    do {
      elements.add(value(depth + 1));
      space();
    } while (take(','));
    expect(']');
    return elements;
  }

  private String string() throws MalformedException {
    expect('"');
    StringBuilder decoded = new StringBuilder();
    while (true) {
      char c = next();
      if (c == '"') {
        return decoded.toString();
      }
      if (c < ' ') {
        throw bad("no control character in a string");
      }
      decoded.append(c == '\\' ? escaped() : c);
    }
  }

  private char escaped() throws MalformedException {
    char c = next();
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int unit = 0;
        for (int i = 0; i < 4; i++) {
          int digit = Character.digit(next(), 16);
          if (digit < 0) {
            throw bad("a hexadecimal digit");
          }
          unit = (unit << 4) | digit;
        }
        yield (char) unit;
      }
      default -> throw bad("an escape");
    };
  }

  private Object number() throws MalformedException {
    int begin = at;
    take('-');
    if (!take('0')) {
      digits();
    }
    boolean whole = true;
    if (take('.')) {
      whole = false;
      digits();
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) {
        take('-');
      }
      digits();
    }
    String number = text.substring(begin, at);
    try {
      if (whole) {
        return Long.valueOf(number);
      }
    } catch (NumberFormatException e) {
      // It is too large, and no number that is asked for has a fraction.
    }
    return Double.valueOf(number);
  }

  private void digits() throws MalformedException {
    int begin = at;
    while (peek() >= '0' && peek() <= '9') {
      at++;
    }
    if (at == begin) {
      throw bad("a value");
    }
  }

  private @Nullable Object word(String word, @Nullable Object meaning) throws MalformedException {
    if (!text.startsWith(word, at)) {
      throw bad(word);
    }
    at += word.length();
    return meaning;
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private char peek() {
    return at < text.length() ? text.charAt(at) : 0;
  }

  private char next() throws MalformedException {
    if (at >= text.length()) {
      throw bad("more");
    }
    return text.charAt(at++);
  }

  private boolean take(char wanted) {
    if (peek() != wanted) {
      return false;
    }
    at++;
    return true;
  }

  private void expect(char wanted) throws MalformedException {
    if (!take(wanted)) {
      throw bad("'" + wanted + "'");
    }
  }

  private MalformedException bad(String expected) {
    return new MalformedException("its JSON expects " + expected + " at character " + (at + 1));
  }
}
