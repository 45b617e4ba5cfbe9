package dev.banger.yamux;

import dev.banger.lock.LeafLock;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection that carries many streams. Only its own reader and writer threads touch the
 * channel, so an interrupt ends a caller's wait and nothing else. It ends once, for one reason,
 * which every stream then reports. All state of the session and its streams is guarded by {@link
 * #lock}; methods that say "locked" are called with it held.
 */
public final class YamuxSession implements AutoCloseable {
  private static final int MAX_CONTROL_FRAMES = 1024;
  private static final Duration DRAIN_LIMIT = Duration.ofSeconds(1);

  /** A frame that belongs to no open stream: a ping, its answer, a refusal. */
  record Control(int type, int flags, int stream, int length) {}

  /** A question under way; {@code answered} is 0 until then. */
  private static final class Ping {
    private final long sent = System.nanoTime();
    private long answered;
  }

  final LeafLock lock = new LeafLock("yamux");
  final Condition work = lock.newCondition();
  final Condition drained = lock.newCondition();
  private final Condition controlRoom = lock.newCondition();
  private final Condition arrived = lock.newCondition();
  private final Condition answered = lock.newCondition();

  final Deque<Control> control = new ArrayDeque<>();

  /** The streams that have something to send, in the order of their turns. */
  final Deque<YamuxStream> ready = new ArrayDeque<>();

  private final ByteChannel channel;
  private final Map<Integer, YamuxStream> streams = new HashMap<>();
  private final Deque<YamuxStream> backlog = new ArrayDeque<>();
  private final Map<Integer, Ping> pings = new HashMap<>();
  private final List<Consumer<IOException>> listeners = new ArrayList<>();
  private final int ownParity;
  private long nextId;
  private long highestRemoteId;
  private int nextPing;
  private boolean goneAway;
  private boolean closing;
  private @Nullable IOException failure;
  boolean writerIdle;

  /** Not started yet. */
  YamuxSession(ByteChannel channel, int firstId) {
    this.channel = channel;
    this.ownParity = firstId & 1;
    this.nextId = firstId;
  }

  /** The side with odd stream ids; owns the channel from now on. */
  public static YamuxSession client(ByteChannel channel) {
    return client(channel, new byte[0]);
  }

  /** {@code alreadyRead} are the first bytes of the session, which somebody read too far. */
  public static YamuxSession client(ByteChannel channel, byte[] alreadyRead) {
    return new YamuxSession(channel, 1).start(alreadyRead);
  }

  /** The side with even stream ids; owns the channel from now on. */
  public static YamuxSession server(ByteChannel channel) {
    return server(channel, new byte[0]);
  }

  public static YamuxSession server(ByteChannel channel, byte[] alreadyRead) {
    return new YamuxSession(channel, 2).start(alreadyRead);
  }

  /** Platform threads: a client that starts the scheduler of virtual ones pays 15 ms for it. */
  private YamuxSession start(byte[] alreadyRead) {
    start("yamux-reader", new FrameReader(this, channel, alreadyRead));
    start("yamux-writer", new FrameWriter(this, channel));
    return this;
  }

  private static void start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Opens a stream; does not wait for the other side. */
  public YamuxStream open() throws IOException {
    lock.lock();
    try {
      requireAlive();
      if (goneAway) {
        throw new IOException("cannot open a stream: the other side takes no new ones");
      }
      if (streams.size() >= Frame.MAX_STREAMS) {
        throw new IOException("cannot open a stream: " + Frame.MAX_STREAMS + " are open");
      }
      if (nextId > Frame.MAX_WINDOW) {
        throw new IOException("cannot open a stream: all ids are used");
      }
      YamuxStream stream = new YamuxStream(this, (int) nextId, Frame.SYN);
      nextId += 2;
      streams.put(stream.id(), stream);
      enqueue(stream);
      return stream;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a stream that the other side opens. */
  public YamuxStream accept() throws IOException, InterruptedException {
    lock.lock();
    try {
      while (backlog.isEmpty()) {
        requireAlive();
        arrived.await();
      }
      return backlog.remove();
    } finally {
      lock.unlock();
    }
  }

  /** Asks the other side for a sign of life; returns how long it took. */
  public Duration ping(Duration limit) throws IOException, InterruptedException {
    lock.lock();
    int id = nextPing++;
    try {
      requireAlive();
      Ping ping = new Ping();
      pings.put(id, ping);
      sendControl(new Control(Frame.PING, Frame.SYN, 0, id));
      long left = limit.toNanos();
      while (ping.answered == 0) {
        requireAlive();
        if (left <= 0) {
          throw new IOException("no answer to a ping within " + limit.toMillis() + " ms");
        }
        left = answered.awaitNanos(left);
      }
      return Duration.ofNanos(ping.answered - ping.sent);
    } finally {
      pings.remove(id);
      lock.unlock();
    }
  }

  /**
   * Calls {@code listener} once, when the session has ended, with the reason; at once if it has
   * already. It runs under no lock, on the thread that noticed.
   */
  public void onClosed(Consumer<IOException> listener) {
    IOException reason;
    lock.lock();
    try {
      reason = failure;
      if (reason == null) {
        listeners.add(listener);
      }
    } finally {
      lock.unlock();
    }
    if (reason != null) {
      listener.accept(reason);
    }
  }

  public boolean isOpen() {
    lock.lock();
    try {
      return failure == null;
    } finally {
      lock.unlock();
    }
  }

  /** Those of both sides. */
  public int openStreams() {
    lock.lock();
    try {
      return streams.size();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the session for {@code reason}; only the first reason counts. */
  public void abort(IOException reason) {
    List<Consumer<IOException>> toCall;
    lock.lock();
    try {
      if (failure != null) {
        return;
      }
      failure = reason;
      for (YamuxStream stream : streams.values()) {
        stream.wakeAll();
      }
      streams.clear();
      ready.clear();
      control.clear();
      work.signalAll();
      drained.signalAll();
      controlRoom.signalAll();
      arrived.signalAll();
      answered.signalAll();
      toCall = List.copyOf(listeners);
      listeners.clear();
    } finally {
      lock.unlock();
    }
    try {
      channel.close();
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
    for (Consumer<IOException> listener : toCall) {
      listener.accept(reason);
    }
  }

  /** Gives what is queued a second to leave, then ends the session and closes the channel. */
  @Override
  public void close() {
    lock.lock();
    try {
      closing = true;
      long left = DRAIN_LIMIT.toNanos();
      while (failure == null && left > 0 && !(writerIdle && nothingToSend())) {
        left = drained.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
    abort(new IOException("the session was closed"));
  }

  /** The other side takes no more bytes, but what it sent before may still be under way. */
  void letReaderFinish() {
    lock.lock();
    try {
      long left = DRAIN_LIMIT.toNanos();
      while (failure == null && left > 0) {
        left = drained.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /** Locked. */
  void requireAlive() throws IOException {
    if (failure != null) {
      throw new IOException("the connection has ended: " + failure.getMessage(), failure);
    }
    if (closing) {
      throw new IOException("the connection is being closed");
    }
  }

  /** Locked. */
  boolean failed() {
    return failure != null;
  }

  /** Locked. */
  boolean nothingToSend() {
    return ready.isEmpty() && control.isEmpty();
  }

  /** Locked: gives the stream a turn, if it waits for none yet. */
  void enqueue(YamuxStream stream) {
    if (failure == null && !stream.waitsForTurn) {
      stream.waitsForTurn = true;
      ready.add(stream);
      work.signal();
    }
  }

  /** Locked: its last frame has been sent or received. */
  void forget(YamuxStream stream) {
    streams.remove(stream.id(), stream);
  }

  /** Locked: the writer took control frames. */
  void controlTaken() {
    controlRoom.signalAll();
  }

  private void sendControl(Control frame) {
    control.add(frame);
    work.signal();
  }

  /** Locked, by the reader: one that floods us but does not read has to wait. */
  private void answer(Control frame) throws IOException {
    while (control.size() >= MAX_CONTROL_FRAMES) {
      requireAlive();
      controlRoom.awaitUninterruptibly();
    }
    sendControl(frame);
  }

  /** Locked. The stream a frame is for, made if the frame begins one; null: drop the frame. */
  @Nullable YamuxStream receiver(int id, int flags) throws IOException {
    boolean remote = (id & 1) != ownParity;
    long number = Integer.toUnsignedLong(id);
    if ((flags & Frame.SYN) == 0) {
      if (number == 0 || (remote ? number > highestRemoteId : number >= nextId)) {
        throw new IOException("a frame for stream " + number + ", which was never opened");
      }
      return streams.get(id);
    }
    if (!remote || number == 0) {
      throw new IOException("a new stream with the id " + number + " of the wrong parity");
    }
    if (number <= highestRemoteId) {
      throw new IOException("a new stream with the used id " + number);
    }
    highestRemoteId = number;
    if (streams.size() >= Frame.MAX_STREAMS || closing) {
      answer(new Control(Frame.WINDOW_UPDATE, Frame.RST, id, 0));
      return null;
    }
    YamuxStream stream = new YamuxStream(this, id, Frame.ACK);
    streams.put(id, stream);
    backlog.add(stream);
    arrived.signal();
    enqueue(stream);
    return stream;
  }

  /** Locked. */
  void receivedPing(int flags, int pingId) throws IOException {
    if ((flags & Frame.SYN) != 0) {
      answer(new Control(Frame.PING, Frame.ACK, 0, pingId));
      return;
    }
    Ping ping = pings.get(pingId);
    if (ping != null) {
      ping.answered = System.nanoTime();
      answered.signalAll();
    }
  }

  /** Locked. */
  void receivedGoAway(int code) throws IOException {
    if (code != 0) {
      throw new IOException("the other side gave up with code " + Integer.toUnsignedString(code));
    }
    goneAway = true;
  }
}
