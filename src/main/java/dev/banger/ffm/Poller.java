package dev.banger.ffm;

import dev.banger.lock.LeafLock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One platform thread that waits until descriptors become readable. Each callback runs once, on
 * that thread, under no lock; it returns at once and does not throw.
 */
public final class Poller implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Poller.class.getName());
  private static final int EVENTS_A_ROUND = 64;
  private static final long STOP = 0;
  private static final Duration END_LIMIT = Duration.ofSeconds(5);

  private record Watched(int descriptor, Runnable readable) {}

  private final LeafLock lock = new LeafLock("poller");
  private final Map<Long, Watched> watched = new HashMap<>();
  private final int epoll;
  private final Thread thread;
  private long lastKey = STOP;
  private boolean closed;

  public Poller(String name) throws SystemCallException {
    epoll = EventCalls.epollCreate1();
    thread = Thread.ofPlatform().daemon().name(name).start(this::run);
  }

  /** Calls {@code readable} once when the descriptor is; the key is for {@link #forget}. */
  public long watch(int descriptor, Runnable readable) throws SystemCallException {
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException("the poller is closed");
      }
      long key = ++lastKey;
      watched.put(key, new Watched(descriptor, readable));
      try {
        EventCalls.epollAdd(epoll, descriptor, key);
      } catch (SystemCallException e) {
        watched.remove(key);
        throw e;
      }
      return key;
    } finally {
      lock.unlock();
    }
  }

  /** True when the callback will not run any more; false when it has run, runs, or will at once. */
  public boolean forget(long key) {
    return take(key) != null;
  }

  private @Nullable Watched take(long key) {
    lock.lock();
    try {
      Watched found = watched.remove(key);
      if (found != null && !closed) {
        EventCalls.epollDelete(epoll, found.descriptor());
      }
      return found;
    } catch (SystemCallException e) {
      throw new IllegalStateException("a watched descriptor was closed by somebody else", e);
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment events = arena.allocate(EventCalls.EVENT_SIZE * EVENTS_A_ROUND, 8);
      while (round(events)) {}
    }
  }

  private boolean round(MemorySegment events) {
    int count;
    try {
      count = EventCalls.epollWait(epoll, events);
    } catch (SystemCallException e) {
      if (e.errno() == SystemCallException.EINTR) {
        return true;
      }
      LOG.log(System.Logger.Level.ERROR, "cannot wait for events", e);
      return false;
    }
    for (int i = 0; i < count; i++) {
      long key = EventCalls.key(events, i);
      if (key == STOP) {
        return false;
      }
      dispatch(key);
    }
    return true;
  }

  private void dispatch(long key) {
    Watched ready = take(key);
    if (ready == null) {
      return;
    }
    try {
      ready.readable().run();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "a callback of the poller failed", e);
    }
  }

  /** Ends the thread. Watched descriptors stay open: they are their owners'. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      watched.clear();
    } finally {
      lock.unlock();
    }
    stop();
  }

  private void stop() {
    try {
      int wake = EventCalls.eventfd(1);
      EventCalls.epollAdd(epoll, wake, STOP);
      boolean ended = thread.join(END_LIMIT);
      ProcessCalls.close(wake);
      if (ended) {
        ProcessCalls.close(epoll);
      }
    } catch (SystemCallException e) {
      LOG.log(System.Logger.Level.WARNING, "cannot stop the poller", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
