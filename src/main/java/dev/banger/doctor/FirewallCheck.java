package dev.banger.doctor;

import dev.banger.model.BangerException;
import dev.banger.privileged.HostNetwork;
import dev.banger.proc.Binaries;
import dev.banger.proc.Command;
import dev.banger.proc.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Packet filters of others that refuse what they do not know: a packet passes only when all filters
 * let it. Docker, ufw and firewalld make such; each is mended in its own way.
 */
final class FirewallCheck {
  private static final String NAME = "network";
  private static final Path LEGACY = Path.of("/proc/net/ip_tables_names");
  private static final Path LEGACY_6 = Path.of("/proc/net/ip6_tables_names");
  private static final String FORWARD = "forward";
  private static final String INPUT = "input";

  /** Whose a table is. */
  private enum Owner {
    UFW("ufw"),
    FIREWALLD("firewalld"),
    DOCKER("docker"),
    IPTABLES("iptables"),
    OTHER("");

    private final String word;

    Owner(String word) {
      this.word = word;
    }
  }

  /** What a table refuses that VMs need. */
  private record Refusal(FilterTable table, String chain, boolean forward) {}

  private final String bridge;

  FirewallCheck(String bridge) {
    this.bridge = bridge;
  }

  /** All tables of this host but our own. */
  List<Finding> run(HostNetwork host, Binaries binaries)
      throws BangerException, InterruptedException {
    List<FilterTable> tables = new ArrayList<>(FilterTable.ofNft(host.filter("list ruleset")));
    for (boolean six : List.of(false, true)) {
      legacy(six, binaries).ifPresent(tables::add);
    }
    return findings(tables);
  }

  /** Looked at only where it is in use: asking would load the kernel's modules. */
  private static Optional<FilterTable> legacy(boolean six, Binaries binaries)
      throws BangerException, InterruptedException {
    Path names = six ? LEGACY_6 : LEGACY;
    Tool save = new Tool(six ? "ip6tables-legacy-save" : "iptables-legacy-save", "iptables");
    try {
      if (!Files.exists(names)
          || Files.readAllLines(names).stream().noneMatch("filter"::equals)
          || binaries.lookup(save).isEmpty()) {
        return Optional.empty();
      }
    } catch (IOException e) {
      return Optional.empty();
    }
    var saved = Command.of(binaries, save, "-t", "filter").run();
    return saved.ok()
        ? Optional.of(FilterTable.ofLegacy(six ? "ip6" : "ip", saved.output()))
        : Optional.empty();
  }

  List<Finding> findings(List<FilterTable> tables) {
    Map<Owner, List<Refusal>> refusals = new LinkedHashMap<>();
    for (FilterTable table : tables) {
      if (!isOurs(table)) {
        Owner owner = owner(table);
        for (Refusal refusal : refusals(table, owner)) {
          refusals.computeIfAbsent(owner, _ -> new ArrayList<>()).add(refusal);
        }
      }
    }
    List<Finding> findings = new ArrayList<>();
    refusals.forEach((owner, all) -> findings.add(finding(owner, all)));
    return findings;
  }

  private boolean isOurs(FilterTable table) {
    return table.family().equals("inet")
        && (table.name().equals(bridge) || table.name().equals("banger"));
  }

  private static Owner owner(FilterTable table) {
    boolean iptables = !table.family().equals("inet") && table.name().equals("filter");
    if (table.name().equals("firewalld")) {
      return Owner.FIREWALLD;
    }
    if (iptables && table.chains().keySet().stream().anyMatch(name -> name.startsWith("ufw"))) {
      return Owner.UFW;
    }
    if (iptables && table.chains().containsKey("DOCKER-USER")) {
      return Owner.DOCKER;
    }
    return iptables && table.chains().keySet().stream().anyMatch("FORWARD"::equals)
        ? Owner.IPTABLES
        : Owner.OTHER;
  }

  private List<Refusal> refusals(FilterTable table, Owner owner) {
    List<Refusal> found = new ArrayList<>();
    boolean answersPass = owner == Owner.UFW || owner == Owner.FIREWALLD;
    Optional<String> forward = table.refusing(FORWARD);
    if (forward.isPresent() && !(letsForward(table) && (answersPass || table.letsOut(bridge)))) {
      found.add(new Refusal(table, forward.get(), true));
    }
    Optional<String> input = table.refusing(INPUT);
    if (input.isPresent() && !table.letsIn(bridge, "dport 53", "dports 53", "_trusted")) {
      found.add(new Refusal(table, input.get(), false));
    }
    return found;
  }

  /** A rule for the name server alone lets nothing through. */
  private boolean letsForward(FilterTable table) {
    FilterTable through =
        new FilterTable(
            table.legacy(),
            table.family(),
            table.name(),
            table.chains().entrySet().stream()
                .filter(each -> !each.getKey().contains("input") && !each.getKey().equals("INPUT"))
                .collect(
                    java.util.stream.Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    return through.letsIn(bridge);
  }

  private Finding finding(Owner owner, List<Refusal> refusals) {
    boolean forward = refusals.stream().anyMatch(Refusal::forward);
    boolean input = refusals.stream().anyMatch(refusal -> !refusal.forward());
    String what =
        forward && input
            ? "packets of VMs do not leave, nor reach the name server"
            : forward ? "packets of VMs do not leave" : "VMs do not reach the name server";
    Refusal first = refusals.getFirst();
    String where =
        "chain "
            + first.chain()
            + " of table "
            + first.table().family()
            + " "
            + first.table().name()
            + " refuses what it does not know";
    String found = what + ": " + (owner.word.isEmpty() ? "" : owner.word + ": ") + where;
    List<Repair.Change> changes = changes(owner, refusals, forward, input);
    if (changes.isEmpty()) {
      return Finding.warning(NAME, found, "let them pass there: " + advice(refusals));
    }
    boolean lasting = owner == Owner.UFW || owner == Owner.FIREWALLD;
    String cure =
        "`banger doctor --fix` does, and `--undo` takes back: "
            + String.join("; ", changes.stream().map(Repair.Change::text).toList())
            + (lasting ? "" : " (until the host is booted)");
    return Finding.warning(NAME, found, cure).with(new Repair(lasting, changes));
  }

  private String advice(List<Refusal> refusals) {
    List<String> rules = new ArrayList<>();
    for (Refusal refusal : refusals) {
      String rule =
          "nft insert rule %s %s %s "
              .formatted(refusal.table().family(), refusal.table().name(), refusal.chain());
      if (refusal.forward()) {
        rules.add(rule + "iifname " + bridge + " accept");
        rules.add(rule + "oifname " + bridge + " ct state established,related accept");
      } else {
        rules.add(rule + "iifname " + bridge + " meta l4proto { tcp, udp } th dport 53 accept");
      }
    }
    return String.join("; ", rules);
  }

  private List<Repair.Change> changes(
      Owner owner, List<Refusal> refusals, boolean forward, boolean input) {
    return switch (owner) {
      case UFW -> ufw(forward, input);
      case FIREWALLD -> firewalld();
      case DOCKER, IPTABLES -> iptables(owner, refusals);
      case OTHER -> List.of();
    };
  }

  private List<Repair.Change> ufw(boolean forward, boolean input) {
    List<Repair.Change> changes = new ArrayList<>();
    if (forward) {
      changes.add(
          new Repair.Command(
              List.of("ufw", "route", "allow", "in", "on", bridge),
              List.of("ufw", "route", "delete", "allow", "in", "on", bridge)));
    }
    if (input) {
      changes.add(
          new Repair.Command(
              List.of("ufw", "allow", "in", "on", bridge, "to", "any", "port", "53"),
              List.of("ufw", "delete", "allow", "in", "on", bridge, "to", "any", "port", "53")));
    }
    return changes;
  }

  /** At once, and after its next start. */
  private List<Repair.Change> firewalld() {
    List<Repair.Change> changes = new ArrayList<>();
    for (List<String> mode : List.of(List.<String>of(), List.of("--permanent"))) {
      List<String> words = new ArrayList<>(List.of("firewall-cmd", "--zone=trusted"));
      words.addAll(mode);
      List<String> add = new ArrayList<>(words);
      add.add("--add-interface=" + bridge);
      List<String> remove = new ArrayList<>(words);
      remove.add("--remove-interface=" + bridge);
      changes.add(new Repair.Command(add, remove));
    }
    return changes;
  }

  private List<Repair.Change> iptables(Owner owner, List<Refusal> refusals) {
    List<Repair.Change> changes = new ArrayList<>();
    for (Refusal refusal : refusals) {
      String program =
          (refusal.table().family().equals("ip6") ? "ip6tables" : "iptables")
              + (refusal.table().legacy() ? "-legacy" : "-nft");
      if (refusal.forward()) {
        String chain = owner == Owner.DOCKER ? "DOCKER-USER" : refusal.chain();
        changes.add(rule(program, chain, "-i " + bridge));
        changes.add(
            rule(program, chain, "-o " + bridge + " -m conntrack --ctstate RELATED,ESTABLISHED"));
      } else {
        for (String protocol : List.of("udp", "tcp")) {
          changes.add(
              rule(program, refusal.chain(), "-i " + bridge + " -p " + protocol + " --dport 53"));
        }
      }
    }
    return changes;
  }

  private static Repair.Command rule(String program, String chain, String match) {
    List<String> add = new ArrayList<>(List.of(program, "-w", "5", "-I", chain));
    List<String> remove = new ArrayList<>(List.of(program, "-w", "5", "-D", chain));
    for (List<String> words : List.of(add, remove)) {
      words.addAll(List.of(match.split(" ", -1)));
      words.addAll(List.of("-m", "comment", "--comment", "banger", "-j", "ACCEPT"));
    }
    return new Repair.Command(add, remove);
  }
}
