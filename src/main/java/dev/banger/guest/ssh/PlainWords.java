package dev.banger.guest.ssh;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A command line that means the same to every shell, and so needs none. */
final class PlainWords {
  /** What a shell would do something with. */
  private static final String SPECIAL = "$`\\\"*?[]{}~#;&|<>()!\n=";

  private PlainWords() {}

  /** Its words; single quotes hold words together; empty when only a shell could tell. */
  static Optional<List<String>> of(String command) {
    List<String> words = new ArrayList<>();
    StringBuilder word = null;
    boolean quoted = false;
    for (int i = 0; i < command.length(); i++) {
      char c = command.charAt(i);
      if (c == '\'') {
        quoted = !quoted;
        word = word == null ? new StringBuilder() : word;
      } else if (!quoted && (c == ' ' || c == '\t')) {
        if (word != null) {
          words.add(word.toString());
        }
        word = null;
      } else if (!quoted && SPECIAL.indexOf(c) >= 0 && !isOption(c, words)) {
        return Optional.empty();
      } else {
        word = word == null ? new StringBuilder() : word;
        word.append(c);
      }
    }
    if (word != null) {
      words.add(word.toString());
    }
    return quoted || words.isEmpty() ? Optional.empty() : Optional.of(List.copyOf(words));
  }

  /** An equals sign sets a variable in the first word alone. */
  private static boolean isOption(char c, List<String> before) {
    return c == '=' && !before.isEmpty();
  }
}
