package dev.banger.image.oci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One way in that a server offers in WWW-Authenticate (RFC 9110): {@code Bearer
 * realm="https://...",service="..."}.
 *
 * @param scheme in lower case
 * @param parameters names in lower case
 */
record Challenge(String scheme, Map<String, String> parameters) {
  private static final int LENGTH_LIMIT = 8192;
  private static final int MOST = 16;

  Challenge {
    parameters = Map.copyOf(parameters);
  }

  String parameter(String name) {
    return parameters.getOrDefault(name, "");
  }

  /** All of all header lines. What is not understood is left out. */
  static List<Challenge> parse(List<String> headers) {
    List<Challenge> challenges = new ArrayList<>();
    for (String header : headers) {
      if (header.length() <= LENGTH_LIMIT) {
        challenges.addAll(new Reader(header).read());
      }
    }
    return challenges.subList(0, Math.min(MOST, challenges.size()));
  }

  /** Reads one header line. */
  private static final class Reader {
    private final String text;
    private int at;

    Reader(String text) {
      this.text = text;
    }

    List<Challenge> read() {
      List<Challenge> challenges = new ArrayList<>();
      separators();
      while (at < text.length()) {
        String scheme = token();
        if (scheme.isEmpty()) {
          return challenges;
        }
        challenges.add(new Challenge(scheme.toLowerCase(Locale.ROOT), parameters()));
        separators();
      }
      return challenges;
    }

    /** Up to a word without an equals sign: the next scheme. */
    private Map<String, String> parameters() {
      Map<String, String> parameters = new LinkedHashMap<>();
      while (true) {
        separators();
        int before = at;
        String name = token();
        space();
        if (name.isEmpty() || !take('=')) {
          at = before;
          skipOpaque();
          return parameters;
        }
        space();
        String value = peek() == '"' ? quoted() : token();
        parameters.putIfAbsent(name.toLowerCase(Locale.ROOT), value);
      }
    }

    /** What is neither a word nor a separator would be looked at for ever. */
    private void skipOpaque() {
      while (at < text.length() && !isToken(peek()) && peek() != ',') {
        at++;
      }
    }

    private String quoted() {
      StringBuilder value = new StringBuilder();
      at++;
      while (at < text.length() && peek() != '"') {
        if (peek() == '\\' && at + 1 < text.length()) {
          at++;
        }
        value.append(text.charAt(at++));
      }
      take('"');
      return value.toString();
    }

    private String token() {
      int begin = at;
      while (at < text.length() && isToken(peek())) {
        at++;
      }
      return text.substring(begin, at);
    }

    /** With those that occur in values that should have been quoted. */
    private static boolean isToken(char c) {
      return Character.isLetterOrDigit(c) || "!#$%&'*+-.^_`|~:/".indexOf(c) >= 0;
    }

    private void separators() {
      while (at < text.length() && (isSpace(peek()) || peek() == ',')) {
        at++;
      }
    }

    private void space() {
      while (at < text.length() && isSpace(peek())) {
        at++;
      }
    }

    private static boolean isSpace(char c) {
      return c == ' ' || c == '\t';
    }

    private char peek() {
      return at < text.length() ? text.charAt(at) : 0;
    }

    private boolean take(char wanted) {
      if (peek() != wanted) {
        return false;
      }
      at++;
      return true;
    }
  }
}
