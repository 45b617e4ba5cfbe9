package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.net.VmNetworks;
import dev.banger.net.port.Publications;
import dev.banger.store.LeaseRow;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import dev.banger.vmm.Machine;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds VMs by what users call them, and says what is true of them now. Takes no lock. */
final class Lookup {
  private final VmTable table;
  private final Lifecycle lifecycle;
  private final Transitions transitions;
  private final Observer observer;
  private final Recovery recovery;
  private static final Logger LOG = LoggerFactory.getLogger(Lookup.class);

  private final Publications publications;
  private final Optional<VmNetworks> networks;
  private final Predicate<VmId> hidden;

  /**
   * @param hidden what nobody shall see any more
   */
  Lookup(
      VmTable table,
      Lifecycle lifecycle,
      Transitions transitions,
      Observer observer,
      Recovery recovery,
      Publications publications,
      Optional<VmNetworks> networks,
      Predicate<VmId> hidden) {
    this.publications = publications;
    this.networks = networks;
    this.recovery = recovery;
    this.observer = observer;
    this.table = table;
    this.lifecycle = lifecycle;
    this.transitions = transitions;
    this.hidden = hidden;
  }

  boolean isEmpty() throws BangerException {
    return table.byPrefix("", 1).isEmpty();
  }

  /** Oldest first. */
  List<VmRow> all() throws BangerException {
    recovery.awaitAccounted();
    return table.all().stream().filter(this::visible).toList();
  }

  private boolean visible(VmRow row) {
    return !hidden.test(row.id());
  }

  /** By name, id, or the beginning of an id that is no other's. */
  VmRow find(String vm) throws BangerException {
    recovery.awaitAccounted();
    Optional<VmRow> named = table.byName(vm).filter(this::visible);
    if (named.isPresent()) {
      return named.get();
    }
    List<VmRow> begun =
        vm.isEmpty() ? List.of() : table.byPrefix(vm, 10).stream().filter(this::visible).toList();
    if (begun.size() == 1) {
      return begun.getFirst();
    }
    throw begun.isEmpty()
        ? new BangerException(
            ErrorCode.NOT_FOUND, "there is no VM '" + vm + "'", "`banger vm ls` lists all VMs")
        : new BangerException(
            ErrorCode.INVALID, "'" + vm + "' begins several ids", "write more of the id");
  }

  VmRow current(VmId id) throws BangerException {
    return table
        .byId(id)
        .orElseThrow(() ->
            new BangerException(
                ErrorCode.NOT_FOUND, "the VM " + id + " was deleted meanwhile", ""));
  }

  /** Of one that is no more. */
  VmView gone(VmRow row) {
    return new VmView(
        row,
        new VmState.Down("deleted", ""),
        row.life().created(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        Optional.empty());
  }

  VmView view(VmRow row) {
    Transitions.Seen seen = transitions.seen(row);
    LiveVm live = lifecycle.live(row.id());
    Optional<VmView.Network> network = network(row.id());
    return new VmView(
        row,
        state(seen, live, lifecycle.outcomes().unwritten(row.id())),
        seen.since(),
        live == null ? Optional.empty() : observer.running(row, live),
        publications.of(row.id()),
        network,
        network.isPresent() || (networks.isPresent() && live == null)
            ? Optional.empty()
            : loopback(row.id(), live));
  }

  private Optional<VmView.Loopback> loopback(VmId id, @Nullable LiveVm live) {
    try {
      Optional<Machine> machine = live == null ? Optional.empty() : live.vmm().machine();
      return Optional.of(
          new VmView.Loopback(
              publications.address(id), machine.map(now -> now.ownNetwork() ? "qemu" : "passt")));
    } catch (BangerException e) {
      LOG.debug("vm={} is shown without its own address", id, e);
      return Optional.empty();
    }
  }

  /** A network that is not up says nothing: the VM is shown all the same. */
  private Optional<VmView.Network> network(VmId id) {
    try {
      Optional<LeaseRow> lease = networks.isPresent() ? networks.get().lease(id) : Optional.empty();
      return lease.isEmpty()
          ? Optional.empty()
          : Optional.of(
              new VmView.Network(lease.get(), networks.orElseThrow().addresses(lease.get())));
    } catch (BangerException e) {
      LOG.debug("vm={} is shown without its addresses", id, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Optional.empty();
  }

  /** One whose VMM has just ended, but whose end is not written down, is not shown as running. */
  private static VmState state(
      Transitions.Seen seen, @Nullable LiveVm live, Optional<Outcomes.Outcome> unwritten) {
    if (live == null && unwritten.isPresent()) {
      String why = unwritten.get().reason();
      return new VmState.Down(
          unwritten.get().phase().toString(),
          (why.isEmpty() ? "" : why + "; ") + "that cannot be written down yet: `banger doctor`");
    }
    if (live != null) {
      return new VmState.Up(
          seen.phase().toString(),
          seen.reason(),
          live.vmm().identity().pid(),
          live.vmm().accelerator());
    }
    return Phase.UP.contains(seen.phase())
        ? new VmState.Down(Phase.STOPPING.toString(), "it has ended, which is being seen to")
        : new VmState.Down(seen.phase().toString(), seen.reason());
  }

  /**
   * The names of those that this holds for. What is retired needs nothing any more: its VMM is
   * being killed, and keeps open what it has open until then.
   */
  List<String> users(Predicate<VmRow> uses) throws BangerException {
    return table.all().stream()
        .filter(uses.and(row -> visible(row) || !Recovery.retired(row)))
        .map(row -> row.name().value())
        .toList();
  }
}
