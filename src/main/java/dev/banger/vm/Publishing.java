package dev.banger.vm;

import dev.banger.guest.ListeningPort;
import dev.banger.lock.Held;
import dev.banger.lock.KeyedLocks;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.net.port.Forwarder;
import dev.banger.net.port.Forwarding;
import dev.banger.net.port.PortSpec;
import dev.banger.net.port.Publications;
import dev.banger.store.PublicationRow;
import dev.banger.store.VmRow;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Publishes ports of VMs, whether they run or not: at once, or at their next start. */
public final class Publishing {
  private static final Logger LOG = LoggerFactory.getLogger(Publishing.class);

  /**
   * The ports of one VM.
   *
   * @param address of the host's loopback, the VM's own; empty until it publishes something
   * @param listening in the guest
   * @param missing why that is not known; empty when it is, or when the VM does not run
   * @param forwarding where the host listens, while the VM runs
   */
  public record Seen(
      VmRow row,
      String address,
      List<ListeningPort> listening,
      String missing,
      List<PublicationRow> published,
      List<Forwarding> forwarding) {}

  private final Vms vms;
  private final Publications publications;
  private final Forwarder forwarder;
  private final Lifecycle lifecycle;
  private final Transitions transitions;
  private final KeyedLocks<VmId> locks;

  Publishing(
      Vms vms,
      VmParts parts,
      Lifecycle lifecycle,
      Transitions transitions,
      KeyedLocks<VmId> locks) {
    this.vms = vms;
    this.publications = parts.publications();
    this.forwarder = parts.forwarder();
    this.lifecycle = lifecycle;
    this.transitions = transitions;
    this.locks = locks;
  }

  /** Publishes all of them, or none; returns them with the ports that were chosen. */
  public List<PublicationRow> publish(String vm, List<PortSpec> specs)
      throws BangerException, InterruptedException {
    VmRow row = vms.find(vm);
    try (Held _ = locks.acquire(row.id())) {
      requireThere(row);
      List<PublicationRow> rows = publications.claim(row.id(), specs);
      boolean done = false;
      try {
        forwarder.add(row.id(), row.name().value(), rows);
        note(row, "published", rows);
        done = true;
      } finally {
        if (!done) {
          forwarder.remove(row.id(), rows);
          publications.release(row.id(), rows);
        }
      }
      return rows;
    }
  }

  /**
   * Ends these publications and what goes through them, or none when one is not there.
   *
   * @param all every one; {@code specs} is empty then
   */
  public List<PublicationRow> unpublish(String vm, List<PortSpec> specs, boolean all)
      throws BangerException, InterruptedException {
    VmRow row = vms.find(vm);
    try (Held _ = locks.acquire(row.id())) {
      requireThere(row);
      List<PublicationRow> rows =
          all ? publications.of(row.id()) : publications.find(row.id(), specs);
      publications.release(row.id(), rows);
      forwarder.remove(row.id(), rows);
      if (!rows.isEmpty()) {
        note(row, "unpublished", rows);
      }
      return rows;
    }
  }

  private void requireThere(VmRow row) throws BangerException {
    if (transitions.row(row.id()).filter(r -> r.state() != VmRow.State.DELETING).isEmpty()) {
      throw new BangerException(
          ErrorCode.WRONG_STATE, row.name() + " is being deleted", "nothing is changed any more");
    }
  }

  private void note(VmRow row, String kind, List<PublicationRow> rows) throws BangerException {
    String ports = rows.stream().map(Object::toString).collect(Collectors.joining(","));
    var _ = transitions.change(row, r -> r, new Transitions.Note(kind, "", "ports=" + ports));
  }

  /** Of a VM that nobody shall see any more: what it published is free at once. */
  void giveUp(VmId id) {
    forwarder.close(id);
    try {
      publications.release(id);
    } catch (BangerException e) {
      LOG.warn("the ports of vm={} are free only when it is removed", id, e);
    }
  }

  /** Where the host listens for it now; empty when it does not run. */
  public List<Forwarding> forwarding(VmId id) {
    return forwarder.state(id);
  }

  /** By name; all that run or publish something when none is named. */
  public List<Seen> look(List<String> names) throws BangerException, InterruptedException {
    List<VmRow> rows = new ArrayList<>();
    for (String name : names) {
      rows.add(vms.find(name));
    }
    if (names.isEmpty()) {
      vms.list().stream().map(VmView::row).filter(this::isOfInterest).forEach(rows::add);
    }
    try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Seen>> looks = each.invokeAll(rows.stream().map(this::task).toList());
      List<Seen> seen = new ArrayList<>();
      for (Future<Seen> look : looks) {
        seen.add(result(look));
      }
      return seen;
    }
  }

  private Callable<Seen> task(VmRow row) {
    return () -> look(row);
  }

  private static Seen result(Future<Seen> look) throws BangerException, InterruptedException {
    try {
      return look.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BangerException known) {
        throw known;
      }
      throw new BangerException(ErrorCode.INTERNAL, "cannot look at the ports of VMs", "", e);
    }
  }

  private boolean isOfInterest(VmRow row) {
    return lifecycle.live(row.id()) != null || !publications.of(row.id()).isEmpty();
  }

  private Seen look(VmRow row) throws BangerException, InterruptedException {
    List<ListeningPort> listening = List.of();
    String missing = "";
    if (lifecycle.live(row.id()) != null) {
      try {
        listening = vms.guest(row).ports();
      } catch (BangerException e) {
        missing = String.valueOf(e.getMessage());
      }
    }
    List<PublicationRow> published = publications.of(row.id());
    return new Seen(
        row,
        published.isEmpty() ? "" : publications.address(row.id()),
        listening,
        missing,
        published,
        forwarder.state(row.id()));
  }
}
