package dev.banger.net.port;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.store.PublicationRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens on the host for the VMs that run. Its sockets end with the daemon and leave nothing
 * behind; the next daemon opens them again. What concerns one VM runs under its lock.
 */
public final class Forwarder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Forwarder.class);
  private static final Duration RETRY = Duration.ofSeconds(5);

  /** What becomes of a port that something else has. */
  public enum Taken {
    /** Nothing is opened. */
    REFUSED,
    /** The rest is opened, and this as soon as it can be. */
    LATER
  }

  private final Publications publications;
  private final Map<VmId, VmPorts> running = new ConcurrentHashMap<>();
  private final Map<VmId, GuestDialer> dialers = new ConcurrentHashMap<>();
  private final AtomicBoolean retries = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);

  public Forwarder(Publications publications) {
    this.publications = publications;
  }

  /** What it listens for. */
  public Publications publications() {
    return publications;
  }

  /** Refuses a start whose ports something else has; changes nothing. */
  public void requireFree(VmId vm) throws BangerException {
    if (running.containsKey(vm)) {
      return;
    }
    for (PublicationRow row : publications.of(vm)) {
      if (!row.chosen()) {
        publications.sockets().requireFree(Publications.place(row));
      }
    }
  }

  /** Listens on all that the VM publishes; connections wait until {@link #serve}. */
  public void open(VmId vm, String name, Taken taken) throws BangerException {
    if (publications.of(vm).isEmpty() || running.containsKey(vm)) {
      return;
    }
    VmPorts ports = ports(vm, name);
    boolean whole = false;
    try {
      for (PublicationRow row : publications.of(vm)) {
        open(ports, row, taken);
      }
      ports.openOwn();
      whole = true;
    } finally {
      if (!whole) {
        close(vm);
      }
    }
  }

  private VmPorts ports(VmId vm, String name) throws BangerException {
    VmPorts ports = running.get(vm);
    if (ports == null) {
      ports = new VmPorts(name, publications.address(vm), publications.sockets());
      running.put(vm, ports);
    }
    return ports;
  }

  private void open(VmPorts ports, PublicationRow row, Taken taken) throws BangerException {
    try {
      openNow(ports, row);
    } catch (BangerException e) {
      if (row.chosen() && e.code() == ErrorCode.IN_USE) {
        openNow(ports, publications.chooseAgain(row));
        return;
      }
      if (taken == Taken.REFUSED) {
        throw e;
      }
      LOG.warn("vm={} its port {} is tried again: {}", ports.vm(), row, e.getMessage());
      ports.openLater(row, String.valueOf(e.getMessage()));
      retryInBackground();
    }
  }

  private void openNow(VmPorts ports, PublicationRow row) throws BangerException {
    if (Publications.place(row).isWildcard()) {
      running.values().forEach(other -> other.giveWay(row.protocol(), row.port()));
    }
    ports.open(row);
  }

  /** The guest is up: what waits at its ports is passed on, and what comes from now on. */
  public void serve(VmId vm, String name, GuestDialer dialer) throws BangerException {
    dialers.put(vm, dialer);
    open(vm, name, Taken.LATER);
    VmPorts ports = running.get(vm);
    if (ports != null) {
      ports.serve(dialer);
    }
  }

  /** Whether the VM runs, as far as its ports are concerned: also one that publishes none. */
  public boolean isServing(VmId vm) {
    return dialers.containsKey(vm);
  }

  /** Opens these, too, or none of them; nothing for a VM that does not run. */
  public void add(VmId vm, String name, List<PublicationRow> rows) throws BangerException {
    GuestDialer dialer = dialers.get(vm);
    if (dialer == null) {
      return;
    }
    VmPorts ports = ports(vm, name);
    ports.serve(dialer);
    List<PublicationRow> opened = new ArrayList<>();
    try {
      for (PublicationRow row : rows) {
        openNow(ports, row);
        opened.add(row);
      }
    } catch (BangerException e) {
      ports.close(opened);
      throw e;
    }
    ports.openOwn();
  }

  /** Ends these and what goes through them. */
  public void remove(VmId vm, List<PublicationRow> rows) {
    VmPorts ports = running.get(vm);
    if (ports != null) {
      ports.close(rows);
      ports.openOwn();
    }
  }

  /** The VM runs no longer. */
  public void close(VmId vm) {
    var _ = dialers.remove(vm);
    VmPorts ports = running.remove(vm);
    if (ports != null) {
      ports.close();
    }
  }

  /** Where the host listens for this VM now, or would; empty when it does not run. */
  public List<Forwarding> state(VmId vm) {
    VmPorts ports = running.get(vm);
    return ports == null ? List.of() : ports.state();
  }

  private void retryInBackground() {
    if (retries.compareAndSet(false, true)) {
      Thread.ofVirtual().name("ports-again").start(this::retry);
    }
  }

  private void retry() {
    try {
      boolean whole = false;
      while (!whole && !closed.await(RETRY.toNanos(), TimeUnit.NANOSECONDS)) {
        whole = running.values().stream().filter(ports -> !ports.retry()).findAny().isEmpty();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      retries.set(false);
    }
  }

  @Override
  public void close() {
    closed.countDown();
    running.keySet().forEach(this::close);
  }
}
