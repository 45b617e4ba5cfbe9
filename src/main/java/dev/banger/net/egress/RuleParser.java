package dev.banger.net.egress;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.net.IDN;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a list as users write it: whole, or INVALID with the item that is wrong. */
final class RuleParser {
  private static final String INTERNET = "internet";
  private static final String ANY = "any";
  private static final String ALL = "all";
  private static final int LONGEST = 16_384;
  private static final int MOST = 256;
  private static final int LONGEST_ITEM = 300;
  private static final int LONGEST_NAME = 253;
  private static final int MOST_PORTS_OF_A_NAME = 64;
  private static final int LAST_PORT = 65_535;
  private static final Pattern LABEL = Pattern.compile("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?");
  private static final Pattern PORTS = Pattern.compile("([0-9]{1,5})(?:-([0-9]{1,5}))?");
  private static final Pattern PROTOCOL = Pattern.compile("(.*)/([a-z][a-z0-9]*)");

  /** An item in its parts. */
  private record Parts(String host, String ports, String protocol) {}

  private RuleParser() {}

  /** None for {@code none}. */
  static List<Rule> list(String text) throws BangerException {
    if (text.length() > LONGEST) {
      throw new BangerException(
          ErrorCode.INVALID,
          "a list of egress rules of " + text.length() + " characters, at most " + LONGEST,
          "name networks, or *.domains");
    }
    if (text.strip().equals(Rule.NONE)) {
      return List.of();
    }
    String[] items = text.split(",", -1);
    if (items.length > MOST) {
      throw new BangerException(
          ErrorCode.INVALID,
          items.length + " egress rules, at most " + MOST,
          "name networks, or *.domains");
    }
    Set<Rule> rules = new LinkedHashSet<>();
    for (String item : items) {
      Rule rule = rule(item.strip());
      if (rule instanceof Rule.Domain domain && ("." + domain.name()).endsWith(".vm")) {
        throw bad(item, "VMs see each other by --network", "leave it out");
      }
      if (rule instanceof Rule.Everything && items.length > 1) {
        throw bad(item, "it stands alone", "leave the others out");
      }
      rules.add(rule);
    }
    return List.copyOf(rules);
  }

  /** One item. */
  static Rule rule(String text) throws BangerException {
    String item = text.toLowerCase(Locale.ROOT);
    if (item.isEmpty()) {
      throw bad(text, "it is empty", "write none for nowhere");
    }
    if (item.length() > LONGEST_ITEM) {
      throw bad(
          text.substring(0, LONGEST_ITEM) + "...",
          "it has " + text.length() + " characters",
          "no name is so long");
    }
    switch (item) {
      case ALL -> {
        return new Rule.Everything();
      }
      case INTERNET -> {
        return new Rule.Internet(Service.ANY);
      }
      case Rule.NONE -> throw bad(text, "it stands alone", "leave the others out");
      case ANY, "*" -> throw bad(text, "it needs a port", "write internet, all or any:443");
      default -> {}
    }
    try {
      Parts parts = parts(item);
      Service service = service(parts);
      return switch (parts.host()) {
        case "", ANY, INTERNET -> new Rule.Internet(service);
        default -> target(parts.host(), service);
      };
    } catch (IllegalArgumentException e) {
      throw bad(
          text,
          String.valueOf(e.getMessage()),
          "write as 10.0.0.0/8, 10.1.2.3:5432/tcp, [fd00::1]:443, any:443, example.org:443 or"
              + " *.example.org");
    }
  }

  private static BangerException bad(String item, String why, String hint) {
    return new BangerException(
        ErrorCode.INVALID, "'" + item.strip() + "' is no egress rule: " + why, hint);
  }

  /** A slash stands before a protocol, and before the bits of a network, which are digits. */
  private static Parts parts(String item) {
    Matcher protocol = PROTOCOL.matcher(item);
    String rest = protocol.matches() ? protocol.group(1) : item;
    String name = protocol.matches() ? protocol.group(2) : "";
    if (rest.startsWith("[")) {
      int end = rest.indexOf(']');
      String behind = end < 0 ? "" : rest.substring(end + 1);
      if (end < 0 || !(behind.isEmpty() || behind.startsWith(":"))) {
        throw new IllegalArgumentException("brackets hold an IPv6 address or network");
      }
      String inside = rest.substring(1, end);
      if (inside.indexOf(':') < 0) {
        throw new IllegalArgumentException("brackets hold an IPv6 address or network");
      }
      return new Parts(inside, behind, name);
    }
    int colon = rest.indexOf(':');
    return colon >= 0 && colon == rest.lastIndexOf(':')
        ? new Parts(rest.substring(0, colon), rest.substring(colon), name)
        : new Parts(rest, "", name);
  }

  private static Service service(Parts parts) {
    if (parts.ports().isEmpty()) {
      if (!parts.protocol().isEmpty()) {
        throw new IllegalArgumentException("a protocol needs a port before it");
      }
      return Service.ANY;
    }
    Matcher ports = PORTS.matcher(parts.ports().substring(1));
    if (!ports.matches()) {
      throw new IllegalArgumentException("behind the colon is a port, or two as 80-90");
    }
    int first = Integer.parseInt(ports.group(1));
    int last = ports.group(2) == null ? first : Integer.parseInt(ports.group(2));
    if (first < 1 || last > LAST_PORT || last < first) {
      throw new IllegalArgumentException("ports are 1 to 65535, the smaller one first");
    }
    Service.Protocol protocol =
        switch (parts.protocol()) {
          case "" -> Service.Protocol.BOTH;
          case "tcp" -> Service.Protocol.TCP;
          case "udp" -> Service.Protocol.UDP;
          default -> throw new IllegalArgumentException("the protocol is tcp or udp");
        };
    return new Service(protocol, first, last);
  }

  private static Rule target(String host, Service service) {
    if (host.indexOf(':') >= 0 || host.matches("[0-9./]+")) {
      return new Rule.Addresses(AddressRange.parse(host), service);
    }
    if (service.ports() > MOST_PORTS_OF_A_NAME) {
      throw new IllegalArgumentException(
          "a name has at most " + MOST_PORTS_OF_A_NAME + " ports, or all");
    }
    boolean below = host.startsWith("*.");
    return new Rule.Domain(name(below ? host.substring(2) : host, below), below, service);
  }

  /** Letters of all languages become ASCII (RFC 3490). */
  private static String name(String text, boolean below) {
    boolean rooted = text.endsWith(".");
    String name;
    try {
      name = IDN.toASCII(rooted ? text.substring(0, text.length() - 1) : text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("that is no name", e);
    }
    name = name.toLowerCase(Locale.ROOT);
    if (name.length() > LONGEST_NAME) {
      throw new IllegalArgumentException("a name has at most " + LONGEST_NAME + " characters");
    }
    String[] labels = name.split("\\.", -1);
    for (String label : labels) {
      if (!LABEL.matcher(label).matches()) {
        throw new IllegalArgumentException(
            label.indexOf('*') >= 0
                ? "a star stands alone before the first dot"
                : "that is neither an address nor a name");
      }
    }
    String top = labels[labels.length - 1];
    if (top.matches("[0-9]+")) {
      throw new IllegalArgumentException("that is neither an address nor a name");
    }
    if (labels.length == 1 && !rooted && !below) {
      throw new IllegalArgumentException(
          "a name of one word has a dot at its end, or it could be a mistake");
    }
    return name;
  }
}
