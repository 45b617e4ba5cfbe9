package dev.banger.vm;

import dev.banger.model.BangerException;
import dev.banger.model.VmId;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The end of one-shot VMs: hidden at once, removed in the background. */
public final class Retirement {
  private static final Logger LOG = LoggerFactory.getLogger(Retirement.class);
  private static final Duration CLIENT_LIMIT = Duration.ofSeconds(30);

  /** Removes a VM, if it is still there. */
  @FunctionalInterface
  interface Removal {
    void remove(VmId id) throws BangerException, InterruptedException;
  }

  private final VmTable table;
  private final Transitions transitions;
  private final Publishing publishing;
  private final Removal removal;
  private final Set<VmId> retired = ConcurrentHashMap.newKeySet();
  private final Set<Thread> removals = ConcurrentHashMap.newKeySet();
  private final Unclaimed unclaimed = new Unclaimed(CLIENT_LIMIT, this::retire);

  /**
   * @param publishing gives up the VM's ports
   */
  Retirement(VmTable table, Transitions transitions, Publishing publishing, Removal removal) {
    this.publishing = publishing;
    this.table = table;
    this.transitions = transitions;
    this.removal = removal;
  }

  /** Those that a daemon before this one left. */
  Unclaimed unclaimed() {
    return unclaimed;
  }

  /** Whether nobody shall see it any more. */
  boolean hides(VmId id) {
    return retired.contains(id);
  }

  /**
   * A one-shot VM whose command has ended: from now on nobody sees it, and it is removed in the
   * background. What a daemon that dies meanwhile leaves of it, the next one removes.
   */
  public void retire(VmId id) {
    if (retired.add(id)) {
      publishing.giveUp(id);
      freeName(id);
      Thread thread = Thread.ofVirtual().name("retire-" + id).unstarted(() -> remove(id));
      removals.add(thread);
      thread.start();
    }
  }

  /**
   * The client of a one-shot VM that a daemon before this one left has come: whoever claims it
   * retires it. Nothing for any other VM.
   */
  public void claim(VmId id) {
    unclaimed.claim(id);
  }

  /** A claim came to nothing: another client may come, for a while. */
  public void disclaim(VmRow row) {
    if (row.oneShot()) {
      unclaimed.expect(row.id());
    }
  }

  private void freeName(VmId id) {
    try {
      Optional<VmRow> row = table.byId(id);
      if (row.isPresent()) {
        transitions.retiring(row.get(), Recovery.retiredName(id), "its command has ended");
      }
    } catch (BangerException e) {
      LOG.warn("the name of vm={} is free only when it is removed", id, e);
    }
  }

  private void remove(VmId id) {
    try {
      removal.remove(id);
    } catch (BangerException e) {
      retired.remove(id); // it can be seen, and deleted by hand
      LOG.error("vm={} cannot be removed", id, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      removals.remove(Thread.currentThread());
    }
  }

  /** Waits for removals that have begun. */
  void close(Duration limit) throws InterruptedException {
    unclaimed.close();
    long until = System.nanoTime() + limit.toNanos();
    for (Thread thread : removals) {
      boolean _ = thread.join(Duration.ofNanos(Math.max(1, until - System.nanoTime())));
    }
  }
}
