package dev.banger.net.egress;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Where a VM's packets may go, beyond the bridge: what a rule of its list names, and nowhere else.
 *
 * @param rules none: nowhere
 */
public record Egress(List<Rule> rules, Mode mode) {
  /** As every VM has it. */
  public static final Egress USUAL =
      new Egress(List.of(new Rule.Internet(Service.ANY)), Mode.ENFORCE);

  /** What becomes of that which no rule names. */
  public enum Mode {
    /** It is refused. */
    ENFORCE,
    /** It passes as far as all VMs may go, and is noted. */
    AUDIT,
    /** It passes as far as all VMs may go; whatever passes is noted. */
    LEARN;

    public static Mode parse(String text) throws BangerException {
      for (Mode mode : values()) {
        if (mode.toString().equals(text)) {
          return mode;
        }
      }
      throw new BangerException(
          ErrorCode.INVALID, "'" + text + "' is no egress mode", "write enforce, audit or learn");
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Egress {
    rules = List.copyOf(rules);
  }

  /** As users write it; INVALID names the item that is wrong. */
  public static Egress parse(String list, Mode mode) throws BangerException {
    Egress egress = new Egress(RuleParser.list(list), mode);
    new Listed(egress.rules).check();
    return egress;
  }

  /** As {@link #parse}, of what was read and written down before. */
  public static Egress kept(String list, Mode mode) throws BangerException {
    return new Egress(RuleParser.list(list), mode);
  }

  public Egress with(Mode other) {
    return new Egress(rules, other);
  }

  /** With these too; INVALID where the whole is no list any more. */
  public Egress adding(Collection<Rule> more) throws BangerException {
    Set<Rule> all = new LinkedHashSet<>(rules);
    all.addAll(more);
    return parse(text(all), mode);
  }

  /** Without these; INVALID when one is not there. */
  public Egress removing(Collection<Rule> fewer) throws BangerException {
    List<Rule> rest = new ArrayList<>(rules);
    for (Rule rule : fewer) {
      if (!rest.remove(rule)) {
        throw new BangerException(
            ErrorCode.INVALID,
            "'" + rule + "' is none of the egress rules, which are " + this,
            "write it as it stands there");
      }
    }
    return new Egress(rest, mode);
  }

  /** The word for all of it, where the packet filter has one: internet, all or none. */
  public Optional<String> word() {
    boolean simple =
        rules.isEmpty() || rules.equals(USUAL.rules()) || rules.contains(new Rule.Everything());
    return simple && mode == Mode.ENFORCE ? Optional.of(toString()) : Optional.empty();
  }

  /** What it means for packets. */
  public Listed listed() {
    return new Listed(rules);
  }

  public boolean hasDomains() {
    return rules.stream().anyMatch(Rule.Domain.class::isInstance);
  }

  /** Whether names resolve that no rule names: where the list has no names, or the internet. */
  private boolean anyNameResolves() {
    return mode != Mode.ENFORCE
        || !hasDomains()
        || rules.stream()
            .anyMatch(rule -> rule instanceof Rule.Internet || rule instanceof Rule.Everything);
  }

  /** Whether the VM may ask for this name's addresses. */
  public boolean resolves(String name) {
    return anyNameResolves() || names(name);
  }

  /** Whether a rule names it. */
  public boolean names(String name) {
    return !services(name).isEmpty();
  }

  /** Where the addresses of this name may be connected to; none: nowhere for its name. */
  public List<Service> services(String name) {
    return rules.stream()
        .filter(rule -> rule instanceof Rule.Domain domain && domain.matches(name))
        .map(Rule::service)
        .distinct()
        .toList();
  }

  /**
   * Whether a rule names this destination.
   *
   * @param names that the VM knows the address by
   * @param protocol its number
   * @param port 0 where the protocol has none
   */
  public boolean lists(InetAddress address, Collection<String> names, int protocol, int port) {
    boolean isPublic = PublicAddresses.isPublic(address);
    return rules.stream()
        .filter(rule -> rule.service().covers(protocol, port))
        .anyMatch(rule ->
            switch (rule) {
              case Rule.Everything _ -> true;
              case Rule.Internet _ -> isPublic;
              case Rule.Addresses addresses -> addresses.range().contains(address);
              case Rule.Domain domain -> isPublic && names.stream().anyMatch(domain::matches);
            });
  }

  /** Whether its packets pass, listed or not. */
  public boolean passes(InetAddress address, Collection<String> names, int protocol, int port) {
    return lists(address, names, protocol, port)
        || (mode != Mode.ENFORCE && PublicAddresses.isPublic(address));
  }

  private static String text(Collection<Rule> rules) {
    return rules.isEmpty()
        ? Rule.NONE
        : rules.stream().map(Rule::toString).collect(Collectors.joining(","));
  }

  /** The list, as {@link #parse} reads it. */
  @Override
  public String toString() {
    return text(rules);
  }
}
