package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.net.EgressReport;
import dev.banger.net.VmNetworks;
import dev.banger.net.dns.Lookup;
import dev.banger.net.egress.AddressText;
import dev.banger.net.egress.Egress;
import dev.banger.net.egress.Rule;
import dev.banger.net.egress.Service;
import dev.banger.net.egress.TargetText;
import dev.banger.store.AnswerRow;
import dev.banger.store.LeaseRow;
import dev.banger.store.VmRow;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Proves from inside a guest what it reaches, and what it does not. */
public final class Reachability {
  private static final int MOST_TARGETS = 64;
  private static final int MOST_RULES = 64;
  private static final int DNS = 53;
  private static final int SSH = 22;
  private static final int HTTP = 80;
  private static final int HTTPS = 443;

  /** Where clouds keep what their machines may not tell others. */
  private static final List<InetAddress> METADATA =
      List.of(InetAddress.ofLiteral("169.254.169.254"), InetAddress.ofLiteral("fd00:ec2::254"));

  /** Public, known to all, and there since 2018. */
  private static final List<InetAddress> PUBLIC =
      List.of(InetAddress.ofLiteral("1.1.1.1"), InetAddress.ofLiteral("2606:4700:4700::1111"));

  /** Of QEMU's user network. */
  private static final InetAddress USER_HOST = InetAddress.ofLiteral("10.0.2.2");

  private static final InetAddress USER_DNS = InetAddress.ofLiteral("10.0.2.3");
  private static final String NOT_HELD = "no rule holds in the user network";

  /**
   * What came of it.
   *
   * @param bridged whether the VM is on the bridge; else nothing can be kept from it
   */
  public record Tested(VmRow row, boolean bridged, List<Probe> probes) {
    public boolean isAsExpected() {
      return probes.stream().allMatch(Probe::isAsExpected);
    }
  }

  private final Vms vms;
  private final Optional<VmNetworks> networks;
  private final Clock clock;

  public Reachability(Vms vms, Optional<VmNetworks> networks, Clock clock) {
    this.vms = vms;
    this.networks = networks;
    this.clock = clock;
  }

  /**
   * Tries all that is said of every VM, the rules of this one, and these targets.
   *
   * @param targets {@code example.org:443}, {@code 10.1.2.3:22}, {@code [fd00::1]:443}
   */
  public Tested test(String vm, List<String> targets) throws BangerException, InterruptedException {
    if (targets.size() > MOST_TARGETS) {
      throw new BangerException(
          ErrorCode.INVALID, targets.size() + " targets, at most " + MOST_TARGETS, "name fewer");
    }
    List<TargetText> wanted = new ArrayList<>();
    for (String target : targets) {
      wanted.add(TargetText.parse(target));
    }
    VmRow row = vms.find(vm);
    if (networks.isPresent() && networks.get().reached(row.id()).isPresent()) {
      return new Tested(row, true, new Bridged(row, networks.get()).run(wanted));
    }
    return new Tested(row, false, user(row, wanted));
  }

  private List<Probe> user(VmRow row, List<TargetText> wanted)
      throws BangerException, InterruptedException {
    GuestProbes guest = new GuestProbes(vms.guest(row), USER_DNS);
    List<Callable<List<Probe>>> probes = new ArrayList<>();
    String host = "the host's loopback " + AddressText.of(USER_HOST, SSH);
    probes.add(() -> List.of(guest.dial(host, USER_HOST, SSH, true, false, NOT_HELD)));
    probes.add(() ->
        List.of(
            guest.dial(
                "metadata " + AddressText.of(METADATA.getFirst(), HTTP),
                METADATA.getFirst(),
                HTTP,
                true,
                false,
                NOT_HELD)));
    probes.add(() ->
        List.of(
            guest.dial(
                "internet " + AddressText.of(PUBLIC.getFirst(), HTTPS),
                PUBLIC.getFirst(),
                HTTPS,
                true,
                false,
                "")));
    for (TargetText target : wanted) {
      probes.add(() -> probe(guest, target, true, (_, _) -> true));
    }
    return GuestProbes.all(probes).stream()
        .flatMap(List::stream)
        .map(probe ->
            probe.found() == Probe.Found.REFUSED ? probe.as(Probe.Found.UNREACHABLE) : probe)
        .toList();
  }

  /** Whether a VM may connect to an address that it knows by a name. */
  private interface Allowed {
    boolean by(List<String> names, InetAddress address)
        throws BangerException, InterruptedException;
  }

  /** A name is asked for in the guest, and each family's first address is tried. */
  private static List<Probe> probe(
      GuestProbes guest, TargetText target, boolean needed, Allowed allowed)
      throws BangerException, InterruptedException {
    if (target.address().isPresent()) {
      InetAddress address = target.address().get();
      return List.of(
          guest.dial(
              target.toString(),
              address,
              target.port(),
              allowed.by(List.of(), address),
              needed,
              ""));
    }
    List<Probe> found = new ArrayList<>();
    long begin = System.nanoTime();
    String said = "";
    for (boolean six : List.of(false, true)) {
      Optional<Lookup.Found> answer = guest.resolve(target.host(), six);
      said = answer.map(Lookup.Found::code).orElse("nobody answers");
      Optional<InetAddress> first = answer.flatMap(a -> a.addresses().stream().findFirst());
      if (first.isPresent()) {
        InetAddress address = first.get();
        boolean may = allowed.by(List.of(target.host()), address);
        String note = AddressText.of(address);
        found.add(guest.dial(target.toString(), address, target.port(), may, needed, note));
      }
    }
    if (found.isEmpty()) {
      boolean may = allowed.by(List.of(target.host()), PUBLIC.getFirst());
      found.add(
          new Probe(
              target.toString(),
              may,
              needed,
              Probe.Found.NO_NAME,
              GuestProbes.micros(begin),
              "the name server says " + said));
    }
    return found;
  }

  /** A VM on the bridge. */
  private final class Bridged {
    private final VmRow row;
    private final VmNetworks on;
    private final Instant begin = clock.instant();
    private final Egress egress;
    private final GuestProbes guest;
    private final List<Callable<List<Probe>>> names = new ArrayList<>();
    private final List<Callable<List<Probe>>> places = new ArrayList<>();

    /** What the VM was told; to ask for a name opens the way to its addresses. */
    private volatile List<AnswerRow> answers;

    Bridged(VmRow row, VmNetworks on) throws BangerException, InterruptedException {
      this.row = row;
      this.on = on;
      EgressReport report = on.egress(row.id(), begin);
      this.egress = report.egress();
      this.answers = report.answers();
      this.guest = new GuestProbes(vms.guest(row), on.gateways().getFirst());
    }

    List<Probe> run(List<TargetText> wanted) throws BangerException, InterruptedException {
      places.add(this::ownName);
      for (InetAddress gateway : on.gateways()) {
        dial("the name server", gateway, DNS, false);
        dial("the host", gateway, SSH, false);
      }
      neighbours();
      for (InetAddress address : METADATA) {
        dial("metadata", address, HTTP, false);
      }
      for (InetAddress address : PUBLIC) {
        dial("internet", address, HTTPS, false);
      }
      egress.rules().stream().limit(MOST_RULES).forEach(this::rule);
      for (TargetText target : wanted) {
        (target.address().isPresent() ? places : names)
            .add(() -> probe(guest, target, true, allowed(target.port())));
      }
      List<List<Probe>> named = GuestProbes.all(names);
      answers = on.egress(row.id(), begin).answers();
      List<List<Probe>> all = new ArrayList<>(GuestProbes.all(places));
      all.addAll(named);
      List<Probe> told = told(all.stream().flatMap(List::stream).toList());
      on.forgetTried(row.id(), guest.dialled(), begin);
      return told;
    }

    private Allowed allowed(int port) {
      return (asked, address) -> {
        List<String> known = new ArrayList<>(asked);
        answers.stream()
            .filter(one -> one.address().equals(address) && one.until().isAfter(begin))
            .map(AnswerRow::name)
            .forEach(known::add);
        return on.mayConnect(row.id(), known, address, port);
      };
    }

    private void dial(String what, InetAddress address, int port, boolean needed) {
      String target = what + " " + AddressText.of(address, port);
      places.add(() -> {
        boolean may = allowed(port).by(List.of(), address);
        return List.of(guest.dial(target, address, port, may, needed, ""));
      });
    }

    /** Only banger's own server knows it. */
    private List<Probe> ownName() throws BangerException, InterruptedException {
      String name = row.name() + ".vm";
      long start = System.nanoTime();
      Optional<Lookup.Found> answer = guest.resolve(name, false);
      boolean right =
          answer.isPresent()
              && answer.get().addresses().equals(on.reached(row.id()).stream().toList());
      return List.of(
          new Probe(
              "DNS " + name,
              true,
              true,
              right
                  ? Probe.Found.OPEN
                  : answer.isEmpty() ? Probe.Found.SILENT : Probe.Found.NO_NAME,
              GuestProbes.micros(start),
              answer
                  .map(found ->
                      found.addresses().isEmpty()
                          ? "the name server says " + found.code()
                          : AddressText.of(found.addresses().getFirst()))
                  .orElse("")));
    }

    /** One that it may see, and one that it may not. */
    private void neighbours() throws BangerException, InterruptedException {
      Optional<LeaseRow> own = on.lease(row.id());
      String network = own.map(LeaseRow::network).orElse("");
      List<LeaseRow> others =
          on.plugged().stream().filter(one -> !one.vm().equals(row.id())).toList();
      for (boolean member : List.of(true, false)) {
        Optional<LeaseRow> other =
            others.stream()
                .filter(one -> member == (!network.isEmpty() && network.equals(one.network())))
                .findFirst();
        if (other.isPresent()) {
          for (InetAddress address : on.addresses(other.get())) {
            dial(member ? "a VM of " + network : "another VM", address, SSH, false);
          }
        }
      }
    }

    /** What it names, where that is one place with a TCP port. */
    private void rule(Rule rule) {
      Service service = rule.service();
      boolean any = service.equals(Service.ANY);
      int port = any ? HTTPS : service.first();
      if (service.protocol() == Service.Protocol.UDP) {
        skip(rule, "whether UDP arrives shows only when somebody answers");
        return;
      }
      switch (rule) {
        case Rule.Domain domain when !domain.below() -> {
          TargetText target = TargetText.of(domain.name(), port);
          names.add(() -> probe(guest, target, !any, allowed(port)));
        }
        case Rule.Addresses addresses when addresses.range().single().isPresent() ->
            dial("rule", addresses.range().single().get(), port, !any);
        case Rule.Internet _ when port != HTTPS ->
            PUBLIC.forEach(address -> dial("internet", address, port, false));
        case Rule.Internet _, Rule.Everything _ -> {} // tried for every VM
        case Rule.Domain _, Rule.Addresses _ ->
            skip(rule, "it names many: say which one as a target");
      }
    }

    private void skip(Rule rule, String why) {
      Probe none = new Probe("rule " + rule, true, false, Probe.Found.NOT_TRIED, 0, why);
      places.add(() -> List.of(none));
    }

    /** What was rejected and is allowed: only the filter's own notes say that it was the filter. */
    private List<Probe> told(List<Probe> all) throws BangerException, InterruptedException {
      EgressReport after = on.egress(row.id(), begin);
      boolean noted =
          after.egress().mode() == Egress.Mode.ENFORCE
              && after.seen().stream().anyMatch(after::passes);
      return all.stream()
          .map(probe ->
              probe.allowed() && probe.found() == Probe.Found.REFUSED && !noted
                  ? probe.as(Probe.Found.UNREACHABLE)
                  : probe)
          .toList();
    }
  }
}
