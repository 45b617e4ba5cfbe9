package dev.banger.net;

import dev.banger.model.BangerException;
import dev.banger.privileged.HostNetwork;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where VMs wanted to go, as the kernel notes it: sets that packets add to. A destination stays for
 * {@link #KEPT} behind its last packet; in all there are 65,536 of a kind, and a VM adds 1,000, and
 * then 3 a minute.
 */
final class SeenSets {
  static final Duration KEPT = Duration.ofDays(7);

  private static final Pattern ELEMENTS =
      Pattern.compile("set (\\w+) \\{[^}]*?elements = \\{([^}]*)\\}");
  private static final Pattern SPAN = Pattern.compile("([0-9]+)(ms|d|h|m|s)");
  private static final Pattern COUNT = Pattern.compile("counter packets ([0-9]+)");
  private static final Pattern EXPIRES = Pattern.compile("expires (\\w+)");
  private static final Map<String, Integer> PROTOCOLS =
      Map.of("icmp", 1, "igmp", 2, "tcp", 6, "udp", 17, "ipv6-icmp", 58, "icmpv6", 58, "sctp", 132);

  private static final List<String> NAMES =
      Stream.of("first", "seen", "first_ports", "seen_ports")
          .flatMap(name -> Stream.of(name + "4", name + "6"))
          .toList();

  private final String table;

  SeenSets(String table) {
    this.table = table;
  }

  /** A destination. */
  private record Key(String destination, String protocol, String port) {}

  /** All of them, as nft(8) prints them: it lists one set a transaction. */
  String printed(HostNetwork host) throws BangerException {
    StringBuilder text = new StringBuilder();
    for (String name : NAMES) {
      text.append(host.filter("list set inet " + table + " " + name + "\n"));
    }
    return text.toString();
  }

  /** From what was {@link #printed}: the commands that put it into sets made anew. */
  String kept(String listed) {
    StringBuilder text = new StringBuilder();
    Matcher sets = ELEMENTS.matcher(listed);
    while (sets.find()) {
      String elements = sets.group(2).replaceAll("\\s+", " ").strip();
      text.append("add element inet %s %s { %s }\n".formatted(table, sets.group(1), elements));
    }
    return text.toString();
  }

  /** From what was {@link #printed}: what of it is of these senders. */
  static List<Destination> of(String listed, List<InetAddress> senders, Instant now) {
    List<String> ours = senders.stream().map(InetAddress::getHostAddress).toList();
    Map<Key, Instant> first = new HashMap<>();
    List<Destination> found = new ArrayList<>();
    Matcher sets = ELEMENTS.matcher(listed);
    while (sets.find()) {
      boolean seen = sets.group(1).startsWith("seen");
      for (String element : sets.group(2).split(",", -1)) {
        String[] words = element.strip().split("\\s+", -1);
        if (words.length < 5 || !isOneOf(ours, words[0])) {
          continue;
        }
        boolean port = words.length > 6 && words[5].equals(".");
        Key key = new Key(words[2], words[4], port ? words[6] : "0");
        Instant touched = now.minus(KEPT).plus(left(element));
        if (seen) {
          found.add(destination(key, count(element), first.getOrDefault(key, touched), touched));
        } else {
          first.put(key, touched);
        }
      }
    }
    return found;
  }

  /**
   * From what was {@link #printed}: the commands that forget what these senders have reached of
   * these targets by TCP, where they had not before.
   */
  String forgotten(
      String listed,
      List<InetAddress> senders,
      Set<InetSocketAddress> targets,
      Instant since,
      Instant now) {
    List<String> ours = senders.stream().map(InetAddress::getHostAddress).toList();
    Set<String> fresh = new HashSet<>();
    StringBuilder text = new StringBuilder();
    Matcher sets = ELEMENTS.matcher(listed);
    while (sets.find()) {
      for (String element : sets.group(2).split(",", -1)) {
        String[] words = element.strip().split("\\s+", -1);
        if (words.length < 7
            || !words[5].equals(".")
            || !words[4].equals("tcp")
            || !isOneOf(ours, words[0])
            || !targets.contains(
                new InetSocketAddress(
                    InetAddress.ofLiteral(words[2]), Integer.parseInt(words[6])))) {
          continue;
        }
        String key = String.join(" ", Arrays.asList(words).subList(0, 7));
        boolean first = sets.group(1).startsWith("first");
        if (first && !now.minus(KEPT).plus(left(element)).isBefore(since)) {
          fresh.add(key);
        }
        if (fresh.contains(key)) {
          text.append("delete element inet %s %s { %s }\n".formatted(table, sets.group(1), key));
        }
      }
    }
    return text.toString();
  }

  /** As bytes: the kernel's text and Java's differ. */
  private static boolean isOneOf(List<String> ours, String text) {
    return ours.contains(InetAddress.ofLiteral(text).getHostAddress());
  }

  private static Destination destination(Key key, long count, Instant first, Instant last) {
    Integer known = PROTOCOLS.get(key.protocol());
    int protocol =
        known != null
            ? known
            : key.protocol().matches("[0-9]{1,3}") ? Integer.parseInt(key.protocol()) : 0;
    return new Destination(
        InetAddress.ofLiteral(key.destination()),
        protocol,
        key.protocol(),
        Integer.parseInt(key.port()),
        count,
        first.isAfter(last) ? last : first,
        last);
  }

  private static long count(String element) {
    Matcher count = COUNT.matcher(element);
    return count.find() ? Long.parseLong(count.group(1)) : 0;
  }

  private static Duration left(String element) {
    Matcher expires = EXPIRES.matcher(element);
    Duration left = Duration.ZERO;
    if (expires.find()) {
      Matcher spans = SPAN.matcher(expires.group(1));
      while (spans.find()) {
        long number = Long.parseLong(spans.group(1));
        left =
            left.plus(
                switch (spans.group(2)) {
                  case "d" -> Duration.ofDays(number);
                  case "h" -> Duration.ofHours(number);
                  case "m" -> Duration.ofMinutes(number);
                  case "ms" -> Duration.ofMillis(number);
                  default -> Duration.ofSeconds(number);
                });
      }
    }
    return left;
  }
}
