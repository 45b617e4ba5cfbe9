package dev.banger.net.egress;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * Rules as the packet filter's sets take them: no two elements overlap, which the kernel would
 * refuse. Names are no part of it.
 */
public final class Listed {
  /** Rules that overlap much would fill the kernel. */
  private static final int MOST = 2048;

  private final List<Rule> rules;

  /** Ports of one protocol, {@code tcp} or {@code udp}. */
  public record Ports(String protocol, int first, int last) {
    /** As nft(8) takes it. */
    public String element() {
      return protocol + " . " + (first == last ? Integer.toString(first) : first + "-" + last);
    }
  }

  /** Ports of these addresses. */
  public record Box(AddressRange range, Ports ports) {}

  Listed(List<Rule> rules) {
    this.rules = rules;
  }

  void check() throws BangerException {
    int count = boxes().size() + hosts().size();
    if (count > MOST) {
      throw new BangerException(
          ErrorCode.INVALID,
          "these egress rules overlap so much that they are " + count + ", at most " + MOST,
          "leave out those that are part of others");
    }
  }

  /** Whether every public address is listed, at all ports. */
  public boolean isOpen() {
    return rules.contains(new Rule.Internet(Service.ANY));
  }

  /** Ports of all public addresses. */
  public List<Ports> open() {
    List<Service> services =
        rules.stream().filter(Rule.Internet.class::isInstance).map(Rule::service).toList();
    List<Ports> open = new ArrayList<>(ports("tcp", Service.TCP, services));
    open.addAll(ports("udp", Service.UDP, services));
    return open;
  }

  /** Addresses that are listed with all protocols and ports. */
  public List<AddressRange> hosts() {
    List<AddressRange> all = new ArrayList<>();
    for (Rule rule : rules) {
      switch (rule) {
        case Rule.Everything _ ->
            all.addAll(List.of(AddressRange.all(false), AddressRange.all(true)));
        case Rule.Addresses some when some.service().equals(Service.ANY) -> all.add(some.range());
        case Rule.Addresses _, Rule.Internet _, Rule.Domain _ -> {}
      }
    }
    List<AddressRange> merged = new ArrayList<>();
    for (boolean six : List.of(false, true)) {
      merged.addAll(merged(all.stream().filter(range -> range.six() == six).toList()));
    }
    return merged;
  }

  private static List<AddressRange> merged(List<AddressRange> ranges) {
    List<AddressRange> merged = new ArrayList<>();
    for (AddressRange range :
        ranges.stream().sorted(Comparator.comparing(AddressRange::first)).toList()) {
      AddressRange last = merged.isEmpty() ? null : merged.getLast();
      if (last != null && range.first().compareTo(last.last().add(BigInteger.ONE)) <= 0) {
        merged.removeLast();
        merged.add(new AddressRange(range.six(), last.first(), range.last().max(last.last())));
      } else {
        merged.add(range);
      }
    }
    return merged;
  }

  /** Addresses that are listed with some ports. */
  public List<Box> boxes() {
    List<Box> boxes = new ArrayList<>();
    for (boolean six : List.of(false, true)) {
      List<Rule.Addresses> some =
          rules.stream()
              .filter(Rule.Addresses.class::isInstance)
              .map(Rule.Addresses.class::cast)
              .filter(rule -> rule.range().six() == six && !rule.service().equals(Service.ANY))
              .toList();
      boxes.addAll(boxes(six, "tcp", Service.TCP, some));
      boxes.addAll(boxes(six, "udp", Service.UDP, some));
    }
    return boxes;
  }

  /** Cut where a rule begins or ends; neighbours that have the same ports are one again. */
  private static List<Box> boxes(
      boolean six, String protocol, int number, List<Rule.Addresses> rules) {
    TreeSet<BigInteger> cuts = new TreeSet<>();
    for (Rule.Addresses rule : rules) {
      cuts.add(rule.range().first());
      cuts.add(rule.range().last().add(BigInteger.ONE));
    }
    List<Box> boxes = new ArrayList<>();
    BigInteger begin = null;
    List<Ports> before = List.of();
    for (BigInteger cut : cuts) {
      List<Ports> ports =
          ports(
              protocol,
              number,
              rules.stream()
                  .filter(rule -> rule.range().contains(cut))
                  .map(Rule.Addresses::service)
                  .toList());
      if (!ports.equals(before)) {
        if (begin != null) {
          AddressRange range = new AddressRange(six, begin, cut.subtract(BigInteger.ONE));
          before.forEach(one -> boxes.add(new Box(range, one)));
        }
        begin = cut;
        before = ports;
      }
    }
    return boxes;
  }

  private static List<Ports> ports(String protocol, int number, List<Service> services) {
    List<Ports> merged = new ArrayList<>();
    for (Service service :
        services.stream()
            .filter(one -> one.isOf(number) && !one.equals(Service.ANY))
            .sorted(Comparator.comparingInt(Service::first))
            .toList()) {
      Ports last = merged.isEmpty() ? null : merged.getLast();
      if (last != null && service.first() <= last.last() + 1) {
        merged.removeLast();
        merged.add(new Ports(protocol, last.first(), Math.max(last.last(), service.last())));
      } else {
        merged.add(new Ports(protocol, service.first(), service.last()));
      }
    }
    return merged;
  }
}
