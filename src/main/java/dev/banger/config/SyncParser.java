package dev.banger.config;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.tomlj.TomlArray;
import org.tomlj.TomlTable;

/** {@code [[sync]]}: files of this host that guests get. */
final class SyncParser {
  static final String KEY = "sync";
  private static final Set<String> KEYS = Set.of("from", "to", "mode");
  private static final String HOME = "~/";
  private static final String MODE = "0?[0-7]{3}";
  private static final int OCTAL = 8;

  private final TomlArray tables;
  private final Consumer<String> mistake;

  SyncParser(TomlArray tables, Consumer<String> mistake) {
    this.tables = tables;
    this.mistake = mistake;
  }

  void addTo(List<Config.Synced> files) {
    Set<String> targets = new HashSet<>();
    for (Object entry : tables.toList()) {
      if (!(entry instanceof TomlTable table) || !KEYS.containsAll(table.keySet())) {
        mistake.accept("an entry has from, to and mode, and nothing else");
        continue;
      }
      String from = text(table, "from", "");
      String to = text(table, "to", from);
      String mode = text(table, "mode", "0600");
      if (!from.startsWith("/") && !from.startsWith(HOME)) {
        mistake.accept("from = \"" + from + "\": begin with / or ~/");
      } else if (!isPlace(to)) {
        mistake.accept(
            "to = \"" + to + "\": begin with / (in the guest) or ~/ (the home of its root)");
      } else if (!mode.matches(MODE)) {
        mistake.accept("mode = \"" + mode + "\": write permissions as \"0600\"");
      } else if (!targets.add(below(to))) {
        mistake.accept("to = \"" + to + "\" is there twice");
      } else {
        files.add(new Config.Synced(host(from), below(to), Integer.parseInt(mode, OCTAL)));
      }
    }
  }

  private String text(TomlTable table, String key, String fallback) {
    return switch (table.get(key)) {
      case null -> fallback;
      case String text -> text;
      default -> {
        mistake.accept(key + ": write text in quotes");
        yield fallback;
      }
    };
  }

  /** A file's name in the guest from which nothing leads up. */
  private static boolean isPlace(String to) {
    boolean rooted = to.startsWith("/") || to.startsWith(HOME);
    boolean plain = to.chars().noneMatch(c -> c < ' ');
    return rooted
        && plain
        && !to.endsWith("/")
        && List.of(below(to).replaceFirst("^/", "").split("/", -1)).stream()
            .noneMatch(name -> name.isEmpty() || name.equals(".") || name.equals(".."));
  }

  private static String below(String to) {
    return to.startsWith(HOME) ? to.substring(HOME.length()) : to;
  }

  private static Path host(String from) {
    return from.startsWith(HOME)
        ? Path.of(System.getProperty("user.home")).resolve(from.substring(HOME.length()))
        : Path.of(from);
  }
}
