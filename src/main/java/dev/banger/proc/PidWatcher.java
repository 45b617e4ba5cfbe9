package dev.banger.proc;

import dev.banger.ffm.Poller;
import dev.banger.ffm.ProcessCalls;
import dev.banger.ffm.SystemCallException;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Tells when processes end, children or not, and signals them: one platform thread polls all their
 * pidfds.
 */
public final class PidWatcher implements AutoCloseable {
  private static final int NOTHING = -1;

  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private final Poller poller;

  public PidWatcher() throws BangerException {
    try {
      poller = new Poller("pid-watcher");
    } catch (SystemCallException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot watch processes",
          "raise the limit of open files (ulimit -n)",
          e);
    }
  }

  /** A wait for an end; closing it gives up, without waiting for a callback that runs. */
  public final class Watch implements AutoCloseable {
    private final int pidfd;
    private final AtomicLong key = new AtomicLong();

    private Watch(int pidfd) {
      this.pidfd = pidfd;
    }

    @Override
    public void close() {
      if (poller.forget(key.get())) {
        release();
      }
    }

    private void release() {
      watches.remove(this);
      PidWatcher.close(pidfd);
    }
  }

  /**
   * Calls {@code ended} once, on a virtual thread of its own and under no lock, when the process
   * has ended; at once when it has already.
   */
  public Watch watch(ProcessIdentity process, Runnable ended) throws BangerException {
    Runnable report = () -> Thread.ofVirtual().name("ended-" + process.pid()).start(ended);
    try {
      Watch watch = new Watch(ProcessCalls.pidfdOpen(process.pid()));
      watches.add(watch);
      start(watch, process, report);
      return watch;
    } catch (SystemCallException e) {
      if (e.errno() != SystemCallException.ESRCH) {
        throw cannot("watch", process, e);
      }
      report.run();
      return new Watch(NOTHING);
    }
  }

  private void start(Watch watch, ProcessIdentity process, Runnable report)
      throws BangerException, SystemCallException {
    boolean started = false;
    try {
      if (process.verify()) {
        Runnable ended =
            () -> {
              watch.release();
              report.run();
            };
        watch.key.set(poller.watch(watch.pidfd, ended));
        started = true;
      } else {
        report.run();
      }
    } finally {
      if (!started) {
        watch.release();
      }
    }
  }

  /** Waits until the process has ended; false when it has not within the limit. */
  public boolean awaitEnd(ProcessIdentity process, Duration limit)
      throws BangerException, InterruptedException {
    CountDownLatch ended = new CountDownLatch(1);
    try (Watch _ = watch(process, ended::countDown)) {
      return ended.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** Sends the signal to this very process; false when it has ended. */
  public static boolean signal(ProcessIdentity process, Signal signal) throws BangerException {
    try {
      int pidfd = ProcessCalls.pidfdOpen(process.pid());
      try {
        if (!process.verify()) {
          return false;
        }
        ProcessCalls.pidfdSendSignal(pidfd, signal.number());
        return true;
      } finally {
        ProcessCalls.close(pidfd);
      }
    } catch (SystemCallException e) {
      if (e.errno() == SystemCallException.ESRCH) {
        return false;
      }
      throw cannot("send " + signal + " to", process, e);
    }
  }

  private static void close(int pidfd) {
    try {
      ProcessCalls.close(pidfd);
    } catch (SystemCallException e) {
      throw new IllegalStateException("a pidfd was closed by somebody else", e);
    }
  }

  private static BangerException cannot(
      String what, ProcessIdentity process, SystemCallException e) {
    boolean permission = e.errno() == SystemCallException.EPERM;
    return new BangerException(
        permission ? ErrorCode.PERMISSION : ErrorCode.NO_SPACE,
        "cannot " + what + " process " + process.pid(),
        permission ? "it belongs to another user" : "raise the limit of open files (ulimit -n)",
        e);
  }

  /** Callbacks of processes that still run are never called. */
  @Override
  public void close() {
    List.copyOf(watches).forEach(Watch::close);
    poller.close();
  }
}
