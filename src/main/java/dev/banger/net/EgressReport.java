package dev.banger.net;

import dev.banger.net.egress.AddressText;
import dev.banger.net.egress.Egress;
import dev.banger.net.egress.PublicAddresses;
import dev.banger.net.egress.Rule;
import dev.banger.store.AnswerRow;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Where a VM may go, and where it wanted to go.
 *
 * @param answers what it was told of names, oldest first
 * @param asked names that its list does not have
 */
public record EgressReport(
    Egress egress, List<Destination> seen, List<AnswerRow> answers, List<AskedName> asked) {
  private static final int LONGEST = 256;

  public EgressReport {
    seen = seen.stream().sorted(Comparator.comparing(Destination::last).reversed()).toList();
  }

  /** What the VM knows an address by, the latest first. */
  public List<String> names(InetAddress address) {
    return answers.reversed().stream()
        .filter(row -> row.address().equals(address))
        .map(AnswerRow::name)
        .distinct()
        .toList();
  }

  /** Whether the list names it. */
  public boolean lists(Destination one) {
    return egress.lists(one.address(), names(one.address()), one.protocol(), one.port());
  }

  /** Whether it passes now. */
  public boolean passes(Destination one) {
    return egress.passes(one.address(), names(one.address()), one.protocol(), one.port());
  }

  /**
   * A list with which what was seen would pass: private addresses are left out that are not listed
   * now, and what has no ports. What was learnt stands for itself; else the list of now begins it.
   */
  public String suggestion() {
    boolean learnt = egress.mode() == Egress.Mode.LEARN;
    Set<String> rules = new LinkedHashSet<>();
    if (!learnt) {
      egress.rules().forEach(rule -> rules.add(rule.toString()));
    }
    for (Destination one : seen) {
      boolean lists = lists(one);
      if (one.port() != 0
          && (lists ? learnt : PublicAddresses.isPublic(one.address()))
          && rules.size() < LONGEST) {
        rules.add(rule(one));
      }
    }
    List<String> sorted = new ArrayList<>(rules);
    if (learnt) {
      sorted.sort(Comparator.naturalOrder());
    }
    return sorted.isEmpty() ? Rule.NONE : sorted.stream().collect(Collectors.joining(","));
  }

  private String rule(Destination one) {
    String service = ":" + one.port() + "/" + one.protocolName();
    List<String> names = names(one.address());
    if (!names.isEmpty() && PublicAddresses.isPublic(one.address())) {
      return names.getFirst() + service;
    }
    String address = AddressText.of(one.address());
    return (one.address() instanceof Inet6Address ? "[" + address + "]" : address) + service;
  }
}
