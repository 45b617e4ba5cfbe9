package dev.banger.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import dev.banger.net.dns.Gate;
import dev.banger.net.egress.Egress;
import dev.banger.net.egress.PublicAddresses;
import dev.banger.store.AnswerRow;
import dev.banger.store.AnswerTable;
import dev.banger.store.LeaseRow;
import dev.banger.store.LeaseTable;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Lets a VM ask for the names that its list has, and to their addresses before it knows them. All
 * that VMs were told is kept in the table, so it outlives the daemon.
 */
final class GuardedNames implements Gate {
  /** Programs keep addresses for longer than they may. */
  private static final Duration LEAST = Duration.ofMinutes(5);

  /** For what is on its way when the time to live is over. */
  private static final Duration MARGIN = Duration.ofMinutes(1);

  private static final int MOST_ANSWERS = 1024;
  private static final int MOST_ADDRESSES = 256;
  private static final int MOST_ALIASES = 4096;
  private static final int TRIES = 3;

  private final AddressPlan plan;
  private final LeaseTable leases;
  private final AnswerTable answers;
  private final Firewall firewall;
  private final AskedNames asked;
  private final Clock clock;
  private final LeafLock lock = new LeafLock("dns-aliases");

  private record Alias(VmId vm, String name) {}

  /** Of which name it is another one; programs that follow aliases by themselves ask for them. */
  @GuardedBy("lock")
  private final Map<Alias, String> aliases =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Alias, String> eldest) {
          return size() > MOST_ALIASES;
        }
      };

  GuardedNames(
      AddressPlan plan,
      LeaseTable leases,
      AnswerTable answers,
      Firewall firewall,
      AskedNames asked,
      Clock clock) {
    this.plan = plan;
    this.leases = leases;
    this.answers = answers;
    this.firewall = firewall;
    this.asked = asked;
    this.clock = clock;
  }

  /** What a VM was told, as pins of its list. */
  static Map<Pin, Instant> pins(Egress egress, List<AnswerRow> rows) {
    Map<Pin, Instant> pins = new HashMap<>();
    for (AnswerRow row : rows) {
      pins(egress, row.name(), row.address(), row.until(), pins);
    }
    return pins;
  }

  /** A name that leads to a private address leads nowhere: who owns it may not open them. */
  private static void pins(
      Egress egress, String name, InetAddress address, Instant until, Map<Pin, Instant> pins) {
    if (PublicAddresses.isPublic(address)) {
      egress
          .services(name)
          .forEach(service ->
              pins.merge(
                  new Pin(address, service),
                  until,
                  (one, other) -> one.isAfter(other) ? one : other));
    }
  }

  /** By the address, which no packet bears that another VM has sent. */
  @Override
  public Asker asker(InetAddress from) throws BangerException {
    if (from.isLinkLocalAddress()) {
      return Asker.STRANGER; // VMs are told an address of the bridge
    }
    boolean host = from.equals(plan.gateway4()) || from.equals(plan.gateway6());
    if (host || !plan.contains(from)) {
      return Asker.FREE;
    }
    OptionalInt slot = from instanceof Inet4Address four ? plan.slot(four) : plan.slot6(from);
    Optional<LeaseRow> lease = slot.isPresent() ? leases.ofSlot(slot.getAsInt()) : Optional.empty();
    return lease.isEmpty() ? Asker.STRANGER : asker(lease.get());
  }

  private Asker asker(LeaseRow lease) throws BangerException {
    Egress egress = EgressWish.of(lease);
    return egress.word().isPresent() ? Asker.FREE : new Guarded(lease.vm(), lease.tap(), egress);
  }

  /** A VM with a list of its own. */
  private final class Guarded implements Asker {
    private final VmId vm;
    private final String tap;
    private final Egress egress;

    Guarded(VmId vm, String tap, Egress egress) {
      this.vm = vm;
      this.tap = tap;
      this.egress = egress;
    }

    @Override
    public boolean mayAsk(String name) {
      if (egress.names(name) || egress.names(root(vm, name))) {
        return true;
      }
      boolean resolves = egress.resolves(name);
      if (!resolves || egress.mode() != Egress.Mode.ENFORCE) {
        asked.note(vm, name, clock.instant());
      }
      return resolves;
    }

    @Override
    public boolean isWatched() {
      return true;
    }

    @Override
    public boolean isTold(Told told) throws BangerException, InterruptedException {
      String name = egress.names(told.name()) ? told.name() : root(vm, told.name());
      List<InetAddress> addresses = told.addresses().stream().limit(MOST_ADDRESSES).toList();
      remember(vm, told.aliases(), name);
      Instant now = clock.instant();
      if (isKnown(name, addresses, now.plus(told.lives()))) {
        return true;
      }
      Duration held = told.lives().plus(MARGIN);
      Instant until = now.plus(held.compareTo(LEAST) < 0 ? LEAST : held);
      Set<InetAddress> gone = answers.keep(vm, name, addresses, until, MOST_ANSWERS);
      boolean pinned = false;
      try {
        pinned = isPinned(name, addresses, until, gone);
        return pinned;
      } finally {
        if (!pinned) {
          answers.forget(vm, name); // what is kept is not pinned again
        }
      }
    }

    /** The list may be changed meanwhile; false: the VM has no card any more. */
    private boolean isPinned(
        String name, List<InetAddress> addresses, Instant until, Set<InetAddress> gone)
        throws BangerException, InterruptedException {
      for (int attempt = 0; attempt < TRIES; attempt++) {
        Egress present = attempt == 0 ? egress : present();
        Map<Pin, Instant> pins = new HashMap<>();
        addresses.forEach(address -> pins(present, name, address, until, pins));
        if ((pins.isEmpty() && gone.isEmpty()) || firewall.pin(tap, present, pins, gone).isDone()) {
          return true;
        }
      }
      return false;
    }

    private boolean isKnown(String name, List<InetAddress> addresses, Instant until)
        throws BangerException {
      List<InetAddress> known =
          answers.of(vm, name).stream()
              .filter(row -> !row.until().isBefore(until))
              .map(AnswerRow::address)
              .toList();
      return known.containsAll(addresses);
    }

    /** Its list may have been changed meanwhile. */
    private Egress present() throws BangerException {
      Optional<LeaseRow> lease = leases.of(vm);
      return lease.isPresent() ? EgressWish.of(lease.get()) : egress;
    }
  }

  private String root(VmId vm, String name) {
    lock.lock();
    try {
      return aliases.getOrDefault(new Alias(vm, name), name);
    } finally {
      lock.unlock();
    }
  }

  private void remember(VmId vm, List<String> others, String name) {
    lock.lock();
    try {
      others.forEach(other -> aliases.put(new Alias(vm, other), name));
    } finally {
      lock.unlock();
    }
  }
}
