package dev.banger.vm;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestChannel;
import dev.banger.guest.GuestLimits;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.proc.PidWatcher;
import dev.banger.proc.Signal;
import dev.banger.store.VmRow;
import dev.banger.vmm.RunningVmm;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A VM whose VMM runs, and the connection to its guest, made anew whenever it is lost. */
final class LiveVm {
  private static final Logger LOG = LoggerFactory.getLogger(LiveVm.class);
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(200);

  private final VmId id;
  private final VmName name;
  private final RunningVmm vmm;
  private final long began;
  private final GuestChannel channel;
  private final GuestLimits limits;
  private final LeafLock lock = new LeafLock("live-vm");
  private final Condition changed = lock.newCondition();

  private volatile @Nullable String held;

  @GuardedBy("lock")
  private @Nullable Guest guest;

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private boolean stopping;

  LiveVm(VmRow row, RunningVmm vmm, GuestChannel channel) {
    this.id = row.id();
    this.name = row.name();
    this.began = System.nanoTime();
    this.channel = channel;
    this.limits = Boot.limits(vmm);
    this.vmm = vmm;
  }

  VmId id() {
    return id;
  }

  VmName name() {
    return name;
  }

  RunningVmm vmm() {
    return vmm;
  }

  /** This guest is connected now; when it is lost, another connection is sought. */
  void connected(Guest now) {
    lock.lock();
    try {
      guest = now;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    now.onLost(why -> Thread.ofVirtual().name("channel-" + name).start(() -> reconnect(now, why)));
  }

  /** The VMM was found running: its guest is looked for in the background. */
  void connectInBackground() {
    Thread.ofVirtual().name("channel-" + name).start(this::connect);
  }

  private void reconnect(Guest lost, BangerException why) {
    lock.lock();
    try {
      if (guest == lost) {
        guest = null;
      }
    } finally {
      lock.unlock();
    }
    if (vmm.alive() && !isStopping()) {
      LOG.warn("vm={} lost its channel: {}", name, why.reason());
    }
    connect();
  }

  private void connect() {
    while (vmm.alive() && !isClosed()) {
      try {
        Guest found = Guest.connect(channel, false, CONNECT_LIMIT, limits);
        if (isClosed()) {
          found.close();
        } else {
          connected(found);
        }
        return;
      } catch (BangerException e) {
        LOG.debug("vm=" + name + " does not answer", e);
      } catch (InterruptedException e) {
        return;
      }
      try {
        TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  /** The guest, waiting for its connection if need be. */
  Guest guest(Duration limit) throws BangerException, InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = limit.toNanos();
      while (guest == null && !closed && left > 0) {
        left = changed.awaitNanos(left);
      }
      if (guest == null) {
        throw new BangerException(
            ErrorCode.GUEST_FAILED,
            "the guest of " + name + " does not answer",
            "`banger vm logs "
                + name
                + "` shows its console; `banger vm restart "
                + name
                + "` starts it anew");
      }
      return guest;
    } finally {
      lock.unlock();
    }
  }

  /** The guest, when it is connected. */
  Optional<Guest> connectedGuest() {
    lock.lock();
    try {
      return Optional.ofNullable(guest);
    } finally {
      lock.unlock();
    }
  }

  /** For how long this daemon has known it to run. */
  Duration ran() {
    return Duration.ofNanos(System.nanoTime() - began);
  }

  /** Lets a VMM that somebody has stopped go on: a stopped one neither answers nor ends. */
  void wake() throws BangerException, InterruptedException {
    boolean _ = PidWatcher.signal(vmm.identity(), Signal.CONTINUE); // means nothing to others
    if (vmm.suspended().isPresent()) {
      vmm.resume();
    }
  }

  /** Its end is asked for: what follows is no surprise. */
  void stopping() {
    lock.lock();
    try {
      stopping = true;
    } finally {
      lock.unlock();
    }
  }

  /** Its end is not asked for any more. */
  void notStopping() {
    lock.lock();
    try {
      stopping = false;
    } finally {
      lock.unlock();
    }
  }

  /** Whether {@link #guest} would return at once. */
  boolean isConnected() {
    lock.lock();
    try {
      return guest != null;
    } finally {
      lock.unlock();
    }
  }

  boolean isStopping() {
    lock.lock();
    try {
      return stopping;
    } finally {
      lock.unlock();
    }
  }

  /** Its processors are stopped until its disk has room; null: not any more. */
  void hold(@Nullable String why) {
    held = why;
  }

  /** Why {@link #hold} stopped it; empty: it did not. */
  Optional<String> heldFor() {
    return Optional.ofNullable(held);
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Lets go of the guest; the VMM is left as it is. */
  void close() {
    Guest last;
    lock.lock();
    try {
      closed = true;
      last = guest;
      guest = null;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (last != null) {
      last.close();
    }
  }
}
