package dev.banger.guest;

import dev.banger.lock.LeafLock;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/** Brings the streams that the agent opens to the listeners they are for. */
final class IncomingTable {
  private record Announcement(long listener, String peer, int port) {
    static Announcement read(WireReader in) throws MalformedException {
      return new Announcement(in.u64(), in.string(), in.u16());
    }
  }

  private final LeafLock lock = new LeafLock("guest listeners");
  private final Condition changed = lock.newCondition();
  private final Map<Long, GuestListener> listeners = new HashMap<>();
  private int coming;
  private final YamuxSession session;
  private final Duration limit;

  IncomingTable(YamuxSession session, Duration limit) {
    this.session = session;
    this.limit = limit;
  }

  /** Takes streams until the session ends. */
  void run() {
    try {
      while (true) {
        YamuxStream stream = session.accept();
        Thread.ofVirtual().name("guest-incoming").start(() -> welcome(stream));
      }
    } catch (IOException e) {
      // the session has ended, and with it every listener
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void welcome(YamuxStream stream) {
    Conversation conversation = new Conversation(stream, "cannot take a connection to the guest");
    conversation.withLimit(limit);
    try {
      Message message = Message.read(stream.input());
      if (message.kind() != Kind.INCOMING.code()) {
        throw new MalformedException("a stream that begins with the kind " + message.kind());
      }
      Announcement announcement = new WireReader(message.body()).all(Announcement::read);
      GuestListener listener = find(announcement.listener());
      if (listener == null) {
        stream.reset();
        return;
      }
      conversation.send(Kind.OK, new WireWriter(), limit);
      conversation.withoutLimit();
      GuestStream raw = new GuestStream(conversation);
      if (!listener.offer(new Incoming(announcement.peer(), announcement.port(), raw))) {
        stream.reset();
      }
    } catch (IOException e) {
      stream.reset();
    } catch (InterruptedException e) {
      stream.reset();
      Thread.currentThread().interrupt();
    }
  }

  /** A connection may come before who asked for the listener has read its number: waits for it. */
  private @Nullable GuestListener find(long number) throws InterruptedException {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (!listeners.containsKey(number) && coming > 0 && left > 0) {
        left = changed.awaitNanos(left);
      }
      return listeners.get(number);
    } finally {
      lock.unlock();
    }
  }

  /** Somebody is asking for a listener; {@link #asked} follows. */
  void asking() {
    lock.lock();
    try {
      coming++;
    } finally {
      lock.unlock();
    }
  }

  /** Somebody has asked; null: in vain. */
  void asked(@Nullable GuestListener listener) {
    lock.lock();
    try {
      coming--;
      if (listener != null) {
        listeners.put(listener.number(), listener);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void remove(GuestListener listener) {
    lock.lock();
    try {
      listeners.remove(listener.number(), listener);
    } finally {
      lock.unlock();
    }
  }
}
