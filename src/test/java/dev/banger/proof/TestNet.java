package dev.banger.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A network namespace for one daemon, and what its bridge must look like there. */
final class TestNet {
  private static final Pattern TAP = Pattern.compile("bgt[0-9]+-[0-9a-z]+");

  private final String name =
      "bt-" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());

  TestNet() throws IOException, InterruptedException {
    String _ = run("ip", "netns", "add", name);
    String _ = inside("ip", "link", "set", "lo", "up");
    // A new namespace has it as the host has it now, which is another daemon's doing perhaps.
    String _ = inside("sysctl", "-qw", "net.ipv4.ip_forward=0");
  }

  String name() {
    return name;
  }

  /**
   * Every card that a row names is a VM's that runs, and the filter knows those and no others.
   *
   * @param running ids of VMs
   */
  List<String> violations(Path database, Set<String> running)
      throws IOException, InterruptedException, SQLException {
    List<String> found = new ArrayList<>();
    Set<String> taps = new TreeSet<>();
    Set<String> owners = new TreeSet<>();
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA busy_timeout = 5000");
      try (ResultSet rows = statement.executeQuery("SELECT vm, tap FROM lease WHERE tap != ''")) {
        while (rows.next()) {
          owners.add(rows.getString(1));
          taps.add(rows.getString(2));
        }
      }
    }
    if (!owners.equals(running)) {
      found.add("cards have " + owners + ", and these run: " + running);
    }
    Set<String> filtered = names(inside("nft", "list", "ruleset"));
    if (!filtered.equals(taps)) {
      found.add("the filter knows the cards " + filtered + ", and VMs have " + taps);
    }
    Set<String> links = names(inside("ip", "-o", "link"));
    if (!links.containsAll(taps)) {
      found.add("of the cards " + taps + " there are only " + links);
    }
    return found;
  }

  private static Set<String> names(String text) {
    return TAP.matcher(text)
        .results()
        .map(MatchResult::group)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** What the daemon left, now that it has ended and there is no VM. */
  List<String> remains() throws IOException, InterruptedException {
    List<String> left = new ArrayList<>();
    for (String line : inside("ip", "-o", "link").lines().toList()) {
      if (!line.contains(" lo: ")) {
        left.add("interface " + line);
      }
    }
    left.addAll(inside("nft", "list", "ruleset").lines().toList());
    String forwarding = inside("cat", "/proc/sys/net/ipv4/ip_forward").strip();
    if (!forwarding.equals("0")) {
      left.add("ip_forward is " + forwarding);
    }
    return left;
  }

  private String inside(String... command) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", name));
    words.addAll(List.of(command));
    return run(words.toArray(String[]::new));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(String.join(" ", command) + ": " + said);
    }
    return said;
  }

  void delete() throws IOException, InterruptedException {
    String _ = run("ip", "netns", "delete", name);
  }
}
