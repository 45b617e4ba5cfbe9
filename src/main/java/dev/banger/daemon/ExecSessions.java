package dev.banger.daemon;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.yamux.YamuxSession;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;

/** Every program that is joined to a client now: when the daemon ends they are let go. */
final class ExecSessions {
  private static final Duration FAREWELL = Duration.ofSeconds(3);

  private final LeafLock lock = new LeafLock("exec sessions");
  private final Condition left = lock.newCondition();

  @GuardedBy("lock")
  private final Set<ExecSession> joined = new HashSet<>();

  @GuardedBy("lock")
  private boolean closing;

  /** Throws UNAVAILABLE when the daemon ends: the next one is to be asked. */
  void requireOpen() throws BangerException {
    lock.lock();
    try {
      if (closing) {
        throw new BangerException(
            ErrorCode.UNAVAILABLE, "the daemon is about to end", "ask the next one");
      }
    } finally {
      lock.unlock();
    }
  }

  /** As {@link ExecSession#serve}. */
  boolean serve(ExecSession program, YamuxSession session, Runnable atEnd)
      throws InterruptedException {
    boolean late;
    lock.lock();
    try {
      joined.add(program);
      late = closing;
    } finally {
      lock.unlock();
    }
    if (late) {
      program.letGo();
    }
    try {
      return program.serve(session, atEnd);
    } finally {
      leave(program);
    }
  }

  private void leave(ExecSession program) {
    lock.lock();
    try {
      joined.remove(program);
      left.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Lets all of them go, and waits a moment until their clients are told. */
  void letGo() throws InterruptedException {
    List<ExecSession> programs;
    lock.lock();
    try {
      closing = true;
      programs = List.copyOf(joined);
    } finally {
      lock.unlock();
    }
    programs.forEach(ExecSession::letGo);
    lock.lock();
    try {
      long limit = FAREWELL.toNanos();
      while (!joined.isEmpty() && limit > 0) {
        limit = left.awaitNanos(limit);
      }
    } finally {
      lock.unlock();
    }
  }
}
