package dev.banger.net;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.privileged.HostNetwork;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tap devices made ahead: a start takes one, and another is made behind its back. Nobody may attach
 * to those that wait but root.
 */
final class TapPool {
  private static final Logger LOG = LoggerFactory.getLogger(TapPool.class);
  private static final int NOBODY = 0;

  /** The kernel needs 30 ms to let go of a device, so those that came back wait, too. */
  private static final int MOST_KEPT = 64;

  /**
   * While the kernel lets go of devices, whoever changes the network waits: those that nobody needs
   * are collected and go together: one takes it 30 ms, and each of many half a millisecond more.
   */
  private static final Duration COLLECTING = Duration.ofMillis(500);

  /** So that nobody waits longer than for two that go alone. */
  private static final int AT_ONCE = 64;

  private static final Duration BETWEEN = Duration.ofMillis(50);
  private static final Duration END = Duration.ofSeconds(10);

  private final HostNetwork host;
  private final String bridge;
  private final String prefix;
  private final int size;
  private final LeafLock lock = new LeafLock("taps");

  /** Waits for the kernel, which takes its time to let go of a device. */
  private final ScheduledThreadPoolExecutor worker =
      new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("taps").factory());

  @GuardedBy("lock")
  private final Deque<String> free = new ArrayDeque<>();

  @GuardedBy("lock")
  private final Set<String> unneeded = new HashSet<>();

  @GuardedBy("lock")
  private long last;

  @GuardedBy("lock")
  private boolean filling;

  @GuardedBy("lock")
  private boolean closed;

  /**
   * @param prefix of all names; a number follows
   * @param size how many wait
   */
  TapPool(HostNetwork host, String bridge, String prefix, int size) {
    this.host = host;
    this.bridge = bridge;
    this.prefix = prefix;
    this.size = size;
    worker.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Takes over what a daemon before this one left on the bridge and no VM has. */
  void adopt(Set<String> used) throws BangerException {
    used.forEach(this::neverAgain);
    for (String tap : host.taps(prefix)) {
      if (tap.matches(prefix + "[0-9]+") && !used.contains(tap)) {
        neverAgain(tap);
        give(tap);
      }
    }
  }

  /** No tap that is made gets this one's number. */
  private void neverAgain(String tap) {
    lock.lock();
    try {
      last = Math.max(last, Long.parseLong(tap.substring(prefix.length())));
    } finally {
      lock.unlock();
    }
  }

  /** A tap on the bridge to which this user may attach. */
  String take(int owner) throws BangerException {
    String waiting = poll();
    fill();
    while (waiting != null) {
      if (isPlugged(waiting)) {
        host.ownTap(waiting, owner);
        return waiting;
      }
      host.delete(waiting);
      waiting = poll();
    }
    String made = name();
    host.plugTap(made, owner, bridge);
    return made;
  }

  private boolean isPlugged(String tap) throws BangerException {
    return host.bridgeOf(tap).equals(Optional.of(bridge));
  }

  private @Nullable String poll() {
    lock.lock();
    try {
      return free.poll();
    } finally {
      lock.unlock();
    }
  }

  private String name() {
    lock.lock();
    try {
      return prefix + ++last;
    } finally {
      lock.unlock();
    }
  }

  /** A tap that nobody needs: it waits again when it is clean and there is room for it. */
  void give(String tap) throws BangerException {
    if (keeps(Math.max(size, MOST_KEPT)) && isPlugged(tap) && !host.isAttached(tap)) {
      host.ownTap(tap, NOBODY);
      lock.lock();
      try {
        if (!closed) {
          free.add(tap);
          return;
        }
      } finally {
        lock.unlock();
      }
    }
    remove(tap);
  }

  /** Soon, with others; when the pool is closed, at once. */
  private void remove(String tap) throws BangerException {
    lock.lock();
    try {
      if (!closed) {
        unneeded.add(tap);
        if (unneeded.size() == 1) {
          var _ = worker.schedule(this::removeUnneeded, COLLECTING.toMillis(), MILLISECONDS);
        }
        return;
      }
    } finally {
      lock.unlock();
    }
    host.delete(tap);
  }

  private void removeUnneeded() {
    Set<String> collected;
    lock.lock();
    try {
      collected = unneeded.stream().limit(AT_ONCE).collect(Collectors.toSet());
      unneeded.removeAll(collected);
      if (!unneeded.isEmpty()) {
        var _ = worker.schedule(this::removeUnneeded, BETWEEN.toMillis(), MILLISECONDS);
      }
    } finally {
      lock.unlock();
    }
    if (collected.isEmpty()) { // the bridge went, and they with it
      return;
    }
    try {
      host.deleteAll(collected);
    } catch (BangerException e) {
      LOG.warn("tap devices are removed one by one: they cannot be together", e);
      collected.forEach(this::removeAlone);
    }
  }

  private void removeAlone(String tap) {
    try {
      host.delete(tap);
    } catch (BangerException e) {
      LOG.warn("the tap device " + tap + " cannot be removed", e);
    }
  }

  /** Behind the caller's back; when the pool is closed, at once. */
  private void later(Runnable work) {
    try {
      worker.execute(work);
    } catch (RejectedExecutionException e) {
      work.run();
    }
  }

  private boolean keeps(int most) {
    lock.lock();
    try {
      return !closed && free.size() < most;
    } finally {
      lock.unlock();
    }
  }

  /** Makes what is missing, in the background. */
  void fill() {
    lock.lock();
    try {
      if (filling || closed || free.size() >= size) {
        return;
      }
      filling = true;
    } finally {
      lock.unlock();
    }
    later(this::fillNow);
  }

  private void fillNow() {
    try {
      while (keeps(size)) {
        String made = name();
        host.plugTap(made, NOBODY, bridge);
        give(made);
      }
    } catch (BangerException e) {
      LOG.warn("no tap device can be made ahead", e);
    } finally {
      lock.lock();
      try {
        filling = false;
      } finally {
        lock.unlock();
      }
    }
  }

  /** Nothing is made or removed any more; all that no VM has are returned. */
  Set<String> close() throws InterruptedException {
    Set<String> waiting = clear(true);
    worker.shutdown();
    boolean _ = worker.awaitTermination(END.toSeconds(), TimeUnit.SECONDS);
    return waiting;
  }

  /** All that no VM has are returned, and forgotten: they are on the bridge no longer. */
  Set<String> clear() {
    return clear(false);
  }

  private Set<String> clear(boolean forGood) {
    lock.lock();
    try {
      closed |= forGood;
      Set<String> all = new HashSet<>(free);
      all.addAll(unneeded);
      free.clear();
      unneeded.clear();
      return all;
    } finally {
      lock.unlock();
    }
  }
}
