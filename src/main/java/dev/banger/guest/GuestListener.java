package dev.banger.guest;

import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/** A socket that listens in the guest for the host, until this is closed or the guest is lost. */
public final class GuestListener implements AutoCloseable {
  private static final int MAX_WAITING = 128;

  private final LeafLock lock = new LeafLock("guest listener");
  private final Condition changed = lock.newCondition();
  private final Deque<Incoming> waiting = new ArrayDeque<>();
  private final Conversation conversation;
  private final IncomingTable table;
  private final long number;
  private final int port;
  private @Nullable IOException ended;

  GuestListener(Conversation conversation, IncomingTable table, long number, int port) {
    this.conversation = conversation;
    this.table = table;
    this.number = number;
    this.port = port;
  }

  /** The TCP port that the guest chose; 0 for a Unix socket. */
  public int port() {
    return port;
  }

  long number() {
    return number;
  }

  /** Waits for the next connection. */
  public Incoming accept() throws BangerException, InterruptedException {
    lock.lock();
    try {
      while (waiting.isEmpty()) {
        if (ended != null) {
          throw Failure.of(conversation.what(), ended);
        }
        changed.await();
      }
      return waiting.remove();
    } finally {
      lock.unlock();
    }
  }

  /** False when nobody takes connections here. */
  boolean offer(Incoming incoming) {
    lock.lock();
    try {
      if (ended != null || waiting.size() >= MAX_WAITING) {
        return false;
      }
      waiting.add(incoming);
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the end of the listener's stream, which is the end of the listener. */
  void watch() {
    try {
      while (conversation.input().read() >= 0) {
        // the agent has nothing to say here
      }
      end(new EOFException("the guest listens no more"));
    } catch (IOException e) {
      end(e);
    }
  }

  private void end(IOException reason) {
    table.remove(this);
    Deque<Incoming> left;
    lock.lock();
    try {
      if (ended != null) {
        return;
      }
      ended = reason;
      left = new ArrayDeque<>(waiting);
      waiting.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    conversation.reset();
    for (Incoming incoming : left) {
      incoming.stream().reset();
    }
  }

  @Override
  public void close() {
    end(new IOException("the listener was closed"));
  }
}
