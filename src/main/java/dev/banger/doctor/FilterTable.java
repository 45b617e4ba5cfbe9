package dev.banger.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A table of a packet filter, as {@code nft list ruleset} or {@code iptables-legacy-save} prints
 * it.
 *
 * @param legacy of the kernel's older filter, which nft(8) does not show
 * @param family ip, ip6 or inet
 */
record FilterTable(boolean legacy, String family, String name, Map<String, Chain> chains) {
  /**
   * A chain.
   *
   * @param hook where packets enter it: forward, input; empty: only from other chains
   * @param refuses what no rule of it knows
   */
  record Chain(String hook, boolean refuses, List<String> rules) {}

  private static final Pattern TABLE = Pattern.compile("^table (ip|ip6|inet) (\\S+) \\{");
  private static final Pattern OTHER_TABLE = Pattern.compile("^table ");
  private static final Pattern CHAIN = Pattern.compile("^\\s+chain (\\S+) \\{");
  private static final Pattern BASE = Pattern.compile("type filter hook (\\S+) .*policy (\\w+);");

  /** A last rule that meets all packets. */
  private static final Pattern REFUSES_ALL =
      Pattern.compile("(counter packets \\d+ bytes \\d+ )?(drop|reject)\\b.*");

  private static final Pattern SAVED_CHAIN = Pattern.compile("^:(\\S+) (\\S+) .*");
  private static final Pattern SAVED_RULE = Pattern.compile("^-A (\\S+) ?(.*)");

  FilterTable {
    chains = Map.copyOf(chains);
  }

  /** Those that packets of IP pass. */
  static List<FilterTable> ofNft(String listing) {
    List<FilterTable> tables = new ArrayList<>();
    Map<String, Chain> chains = new LinkedHashMap<>();
    String[] table = {};
    String chain = "";
    List<String> rules = new ArrayList<>();
    for (String line : listing.lines().toList()) {
      Matcher begins = TABLE.matcher(line);
      Matcher inside = CHAIN.matcher(line);
      if (begins.find()) {
        table = new String[] {begins.group(1), begins.group(2)};
        chains = new LinkedHashMap<>();
      } else if (OTHER_TABLE.matcher(line).find()) {
        table = new String[] {};
      } else if (table.length > 0 && line.startsWith("}")) {
        tables.add(new FilterTable(false, table[0], table[1], chains));
      } else if (inside.find()) {
        chain = inside.group(1);
        rules = new ArrayList<>();
      } else if (line.strip().equals("}") && !chain.isEmpty()) {
        chains.put(chain, chain(rules));
        chain = "";
      } else {
        rules.add(line.strip());
      }
    }
    return tables;
  }

  private static Chain chain(List<String> lines) {
    if (lines.isEmpty()) {
      return new Chain("", false, List.of());
    }
    Matcher base = BASE.matcher(lines.getFirst());
    String hook = base.find() ? base.group(1) : "";
    boolean refuses =
        !hook.isEmpty()
            && (base.group(2).equals("drop") || REFUSES_ALL.matcher(lines.getLast()).matches());
    return new Chain(hook, refuses, List.copyOf(lines));
  }

  /** The table {@code filter} as {@code iptables-legacy-save -t filter} prints it. */
  static FilterTable ofLegacy(String family, String saved) {
    Map<String, List<String>> rules = new LinkedHashMap<>();
    Map<String, Boolean> refuses = new LinkedHashMap<>();
    for (String line : saved.lines().toList()) {
      Matcher chain = SAVED_CHAIN.matcher(line);
      Matcher rule = SAVED_RULE.matcher(line);
      if (chain.matches()) {
        rules.put(chain.group(1), new ArrayList<>());
        refuses.put(chain.group(1), chain.group(2).equals("DROP"));
      } else if (rule.matches() && rules.containsKey(rule.group(1))) {
        rules.get(rule.group(1)).add(rule.group(2));
      }
    }
    Map<String, Chain> chains = new LinkedHashMap<>();
    rules.forEach((name, all) ->
        chains.put(
            name, new Chain(hook(name), refuses.getOrDefault(name, false), List.copyOf(all))));
    return new FilterTable(true, family, "filter", chains);
  }

  private static String hook(String chain) {
    return switch (chain) {
      case "FORWARD" -> "forward";
      case "INPUT" -> "input";
      default -> "";
    };
  }

  /** The chain at a hook that refuses what it does not know; empty: there is none. */
  Optional<String> refusing(String hook) {
    return chains.entrySet().stream()
        .filter(each -> each.getValue().hook().equals(hook) && each.getValue().refuses())
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /** Some rule lets packets that come from this interface pass; one of these words is in it. */
  boolean letsIn(String link, String... words) {
    return lets(List.of("iifname \"" + link + "\"", "-i " + link + " "), words);
  }

  /** Some rule lets packets that leave by this interface pass. */
  boolean letsOut(String link) {
    return lets(List.of("oifname \"" + link + "\"", "-o " + link + " "));
  }

  private boolean lets(List<String> interfaces, String... words) {
    return chains.values().stream()
        .flatMap(chain -> chain.rules().stream())
        .filter(rule -> rule.endsWith("accept") || rule.contains("-j ACCEPT") || isTrusted(rule))
        .filter(rule -> words.length == 0 || List.of(words).stream().anyMatch(rule::contains))
        .anyMatch(rule -> interfaces.stream().anyMatch(rule::contains));
  }

  /** How firewalld leads packets of an interface into its zone. */
  private static boolean isTrusted(String rule) {
    return rule.contains("_trusted");
  }
}
