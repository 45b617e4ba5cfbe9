package dev.banger.rpc;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Splits a JSON object into its members without decoding them. Strict (RFC 8259), nothing behind
 * the object, and at most {@value #DEPTH} deep, so that no text can exhaust the stack.
 */
final class JsonText {
  /** What is not JSON; the message says where. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String message) {
      super(message);
    }
  }

  private static final int DEPTH = 64;

  private final String text;
  private int at;

  private JsonText(String text) {
    this.text = text;
  }

  /** Member names (decoded) and their values (raw). */
  static Map<String, String> object(String text) throws Malformed {
    JsonText json = new JsonText(text);
    json.space();
    Map<String, String> members = json.members(1, true);
    json.space();
    if (json.at < text.length()) {
      throw json.bad("nothing more");
    }
    return members;
  }

  /** The characters of a raw JSON string. */
  static String string(String raw) throws Malformed {
    if (raw.length() < 2 || raw.charAt(0) != '"') {
      throw new Malformed("a string was expected");
    }
    if (raw.indexOf('\\') < 0) {
      return raw.substring(1, raw.length() - 1);
    }
    StringBuilder decoded = new StringBuilder(raw.length());
    for (int i = 1; i < raw.length() - 1; i++) {
      char c = raw.charAt(i);
      if (c != '\\') {
        decoded.append(c);
        continue;
      }
      char escape = raw.charAt(++i);
      switch (escape) {
        case 'n' -> decoded.append('\n');
        case 't' -> decoded.append('\t');
        case 'r' -> decoded.append('\r');
        case 'b' -> decoded.append('\b');
        case 'f' -> decoded.append('\f');
        case 'u' -> {
          decoded.append((char) Integer.parseInt(raw, i + 1, i + 5, 16));
          i += 4;
        }
        default -> decoded.append(escape);
      }
    }
    return decoded.toString();
  }

  /** Appends {@code text} as a JSON string. */
  static StringBuilder quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < 0x20) {
        json.append("\\u00").append(c < 0x10 ? '0' : '1').append(Character.forDigit(c & 15, 16));
      } else {
        json.append(c);
      }
    }
    return json.append('"');
  }

  /** Reads a whole object; keeps the members only when asked. */
  private Map<String, String> members(int depth, boolean keep) throws Malformed {
    Map<String, String> members = keep ? new LinkedHashMap<>() : Map.of();
    expect('{');
    space();
    if (take('}')) {
      return members;
    }
    do {
      space();
      int name = at;
      skipString();
      int nameEnd = at;
      space();
      expect(':');
      space();
      int value = at;
      skipValue(depth);
      if (keep
          && members.put(string(text.substring(name, nameEnd)), text.substring(value, at))
              != null) {
        throw new Malformed("the member " + text.substring(name, nameEnd) + " stands twice");
      }
      space();
    } while (take(','));
    expect('}');
    return members;
  }

  private void skipValue(int depth) throws Malformed {
    if (depth > DEPTH) {
      throw new Malformed("more than " + DEPTH + " levels deep");
    }
    switch (peek()) {
      case '{' -> members(depth + 1, false);
      case '[' -> skipArray(depth + 1);
      case '"' -> skipString();
      case 't' -> word("true");
      case 'f' -> word("false");
      case 'n' -> word("null");
      default -> skipNumber();
    }
  }

  private void skipArray(int depth) throws Malformed {
    expect('[');
    space();
    if (take(']')) {
      return;
    }
    do {
      space();
      skipValue(depth);
      space();
    } while (take(','));
    expect(']');
  }

  private void skipString() throws Malformed {
    expect('"');
    while (true) {
      char c = next();
      if (c == '"') {
        return;
      }
      if (c < 0x20) {
        throw new Malformed("a control character in a string at character " + at);
      }
      if (c == '\\') {
        skipEscape(next());
      }
    }
  }

  private void skipEscape(char escape) throws Malformed {
    if (escape == 'u') {
      for (int i = 0; i < 4; i++) {
        if (Character.digit(next(), 16) < 0) {
          throw bad("a hexadecimal digit");
        }
      }
    } else if ("\"\\/bfnrt".indexOf(escape) < 0) {
      throw bad("an escape");
    }
  }

  private void skipNumber() throws Malformed {
    take('-');
    if (!take('0')) {
      digits();
    }
    if (take('.')) {
      digits();
    }
    if (take('e') || take('E')) {
      if (!take('+')) {
        take('-');
      }
      digits();
    }
  }

  private void digits() throws Malformed {
    int start = at;
    while (peek() >= '0' && peek() <= '9') {
      at++;
    }
    if (at == start) {
      throw bad("a value");
    }
  }

  private void word(String word) throws Malformed {
    if (!text.startsWith(word, at)) {
      throw bad(word);
    }
    at += word.length();
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private char peek() {
    return at < text.length() ? text.charAt(at) : 0;
  }

  private char next() throws Malformed {
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

  private void expect(char wanted) throws Malformed {
    if (!take(wanted)) {
      throw bad("'" + wanted + "'");
    }
  }

  private Malformed bad(String expected) {
    return new Malformed("expected " + expected + " at character " + (at + 1));
  }
}
