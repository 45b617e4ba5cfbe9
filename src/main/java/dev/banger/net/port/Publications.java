package dev.banger.net.port;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.store.PublicationRow;
import dev.banger.store.PublicationTable;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What is to be published, of every VM there is: running or not, a port of the host is one VM's
 * only. What concerns one VM runs under its lock.
 */
public final class Publications {
  /** Below the ports that connections to elsewhere begin at. */
  private static final int FIRST_CHOSEN = 20_000;

  private static final int CHOICE = 10_000;
  private static final int TRIES = 200;

  private final PublicationTable table;
  private final VmTable vms;
  private final HostSockets sockets = new HostSockets();
  private final Map<VmId, List<PublicationRow>> known = new ConcurrentHashMap<>();
  private final Map<VmId, String> addresses = new ConcurrentHashMap<>();

  private Publications(PublicationTable table, VmTable vms) {
    this.table = table;
    this.vms = vms;
  }

  /** With all that was written down before. */
  public static Publications open(PublicationTable table, VmTable vms) throws BangerException {
    Publications publications = new Publications(table, vms);
    for (PublicationRow row : table.all()) {
      publications.add(List.of(row));
    }
    return publications;
  }

  HostSockets sockets() {
    return sockets;
  }

  /** By the guest's ports. Takes no lock. */
  public List<PublicationRow> of(VmId vm) {
    return known.getOrDefault(vm, List.of());
  }

  /** The address of the host's loopback that is this VM's own, for as long as it lives. */
  public String address(VmId vm) throws BangerException {
    String address = addresses.get(vm);
    if (address == null) {
      address =
          table
              .address(vm, LoopbackAddresses.candidates(vm))
              .orElseThrow(() ->
                  new BangerException(
                      ErrorCode.NO_SPACE,
                      "no address of 127.0.0.0/8 is left for the VM " + vm,
                      "delete VMs"));
      addresses.put(vm, address);
    }
    return address;
  }

  /** The VM whose own address this is. */
  public Optional<VmId> owner(String address) throws BangerException {
    return table.owner(address);
  }

  /** Refuses what cannot be claimed now; changes nothing. */
  public void check(List<PortSpec> specs) throws BangerException {
    if (!specs.isEmpty()) {
      var _ = resolve(new VmId("0".repeat(12)), specs);
    }
  }

  /** Takes all of these for the VM, or none; they are flushed with what is written next. */
  public List<PublicationRow> claim(VmId vm, List<PortSpec> specs) throws BangerException {
    if (specs.isEmpty()) {
      return List.of();
    }
    if (of(vm).size() + specs.size() > PortSpec.LIMIT) {
      throw new BangerException(
          ErrorCode.INVALID,
          "cannot publish " + specs.size() + " more ports: the VM has " + of(vm).size(),
          "a VM has at most " + PortSpec.LIMIT);
    }
    List<PublicationRow> rows = resolve(vm, specs);
    Optional<PublicationRow> other = table.claim(rows);
    if (other.isPresent()) {
      throw taken(vm, other.get());
    }
    add(rows);
    return rows;
  }

  /** Finds those that are meant; a text that means none is refused. */
  public List<PublicationRow> find(VmId vm, List<PortSpec> specs) throws BangerException {
    Set<PublicationRow> found = new LinkedHashSet<>();
    for (PortSpec spec : specs) {
      List<PublicationRow> meant = of(vm).stream().filter(spec::means).toList();
      if (meant.isEmpty()) {
        meant = of(vm).stream().filter(spec::meansHostPort).toList();
      }
      if (meant.isEmpty()) {
        throw new BangerException(
            ErrorCode.NOT_FOUND,
            name(vm) + " publishes no " + spec,
            "`banger vm ports " + name(vm) + "` shows what it publishes");
      }
      found.addAll(meant);
    }
    return List.copyOf(found);
  }

  public void release(VmId vm, List<PublicationRow> rows) throws BangerException {
    table.release(rows);
    var _ =
        known.computeIfPresent(
            vm, (_, before) -> before.stream().filter(row -> !rows.contains(row)).toList());
  }

  /** All that it has: of one that nobody shall see any more, or that is gone. */
  public void release(VmId vm) throws BangerException {
    List<PublicationRow> rows = known.remove(vm);
    String _ = addresses.remove(vm);
    if (rows != null && !rows.isEmpty()) {
      table.release(rows);
    }
  }

  /** Another port in place of one that banger has chosen before. */
  PublicationRow chooseAgain(PublicationRow row) throws BangerException {
    PublicationRow now = choose(row, List.of());
    Optional<PublicationRow> other = table.replace(List.of(row), List.of(now));
    if (other.isPresent()) {
      throw taken(row.vm(), other.get());
    }
    var _ =
        known.computeIfPresent(
            row.vm(),
            (_, before) -> before.stream().map(one -> one.equals(row) ? now : one).toList());
    return now;
  }

  private void add(List<PublicationRow> rows) {
    for (PublicationRow row : rows) {
      var _ =
          known.merge(
              row.vm(),
              List.of(row),
              (before, more) -> {
                List<PublicationRow> all = new ArrayList<>(before);
                all.addAll(more);
                return List.copyOf(all);
              });
    }
  }

  /** With a port for each, none of them taken by a VM, by a process, or twice. */
  private List<PublicationRow> resolve(VmId vm, List<PortSpec> specs) throws BangerException {
    List<PublicationRow> rows = new ArrayList<>();
    for (PortSpec spec : specs) {
      String address = spec.address().orElse(PortSpec.LOOPBACK);
      boolean chosen = spec.port() == 0;
      PublicationRow row =
          new PublicationRow(
              vm,
              spec.protocol(),
              address,
              chosen ? FIRST_CHOSEN : spec.port(),
              chosen,
              spec.guestPort());
      if (chosen) {
        row = choose(row, rows);
      } else {
        requireFree(row, rows);
      }
      rows.add(row);
    }
    return rows;
  }

  private void requireFree(PublicationRow row, List<PublicationRow> more) throws BangerException {
    Optional<PublicationRow> other = more.stream().filter(row::overlaps).findFirst();
    if (other.isPresent()) {
      throw new BangerException(
          ErrorCode.INVALID, "cannot publish " + row.host() + " twice", "leave one of them out");
    }
    other = overlapping(row);
    if (other.isPresent()) {
      throw taken(row.vm(), other.get());
    }
    sockets.requireFree(place(row));
  }

  private Optional<PublicationRow> overlapping(PublicationRow row) {
    return known.values().stream().flatMap(List::stream).filter(row::overlaps).findFirst();
  }

  static HostSockets.Place place(PublicationRow row) {
    return new HostSockets.Place(row.protocol(), row.address(), row.port());
  }

  /** The same with a port that is free now. */
  private PublicationRow choose(PublicationRow row, List<PublicationRow> more)
      throws BangerException {
    int start = ThreadLocalRandom.current().nextInt(CHOICE);
    BangerException last = null;
    for (int i = 0; i < TRIES; i++) {
      int port = FIRST_CHOSEN + (start + i) % CHOICE;
      PublicationRow candidate =
          new PublicationRow(row.vm(), row.protocol(), row.address(), port, true, row.guestPort());
      try {
        requireFree(candidate, more);
        return candidate;
      } catch (BangerException e) {
        if (e.code() != ErrorCode.IN_USE && e.code() != ErrorCode.INVALID) {
          throw e;
        }
        last = e;
      }
    }
    throw new BangerException(
        ErrorCode.NO_SPACE,
        "cannot find a free port for " + row.guestPort() + "/" + row.protocol(),
        "name a port of the host",
        last);
  }

  private BangerException taken(VmId vm, PublicationRow other) throws BangerException {
    String owner = other.vm().equals(vm) ? "the VM itself" : name(other.vm());
    return new BangerException(
        ErrorCode.IN_USE,
        "cannot publish on "
            + other.host()
            + "/"
            + other.protocol()
            + ": "
            + owner
            + " has it, for its port "
            + other.guestPort(),
        "choose another port of the host, or `banger vm unpublish "
            + name(other.vm())
            + " "
            + other
            + "`");
  }

  private String name(VmId vm) throws BangerException {
    return vms.byId(vm).map(VmRow::name).map(Object::toString).orElse(vm.value());
  }
}
