package dev.banger.yamux;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a session: two independent directions of bytes. A wait in it ends with the data,
 * with the stream or session (an IOException that says why), at its deadline
 * (SocketTimeoutException), or by an interrupt (InterruptedIOException, the thread's flag stays
 * set). What had arrived before the end can still be read. Guarded by the session's lock.
 */
public final class YamuxStream implements AutoCloseable {
  private static final int MAX_QUEUED = 64 * 1024;
  private static final int UPDATE_THRESHOLD = Frame.INITIAL_WINDOW / 2;

  /** A turn is at most a window update and a data frame. */
  static final int MAX_TURN_BYTES = 2 * Frame.HEADER_BYTES + Frame.MAX_DATA_SENT;

  private final YamuxSession session;
  private final int id;
  private final Condition readable;
  private final Condition writable;
  private final InputStream input = new Input();
  private final OutputStream output = new Output();

  private final ByteRing received = new ByteRing(Frame.INITIAL_WINDOW);
  private int receiveWindow = Frame.INITIAL_WINDOW;
  private int consumed;
  private boolean finReceived;
  private boolean inputClosed;

  private final ByteRing queued = new ByteRing(MAX_QUEUED);
  private long sendWindow = Frame.INITIAL_WINDOW;
  private int greeting;
  private boolean announced;
  private boolean outputClosed;
  private boolean finSent;
  private boolean resetToSend;

  private @Nullable String resetReason;
  private @Nullable Long deadline;

  /** Whether it stands in the writer's queue. */
  boolean waitsForTurn;

  /** {@code greeting} is the flag its first frame carries: SYN or ACK. */
  YamuxStream(YamuxSession session, int id, int greeting) {
    this.session = session;
    this.id = id;
    this.greeting = greeting;
    this.announced = greeting == Frame.ACK;
    this.readable = session.lock.newCondition();
    this.writable = session.lock.newCondition();
  }

  int id() {
    return id;
  }

  public InputStream input() {
    return input;
  }

  /** Its {@code write} returns when the bytes are queued. */
  public OutputStream output() {
    return output;
  }

  /** From {@code limit} on every wait in this stream fails; null: no limit. */
  public void deadline(@Nullable Duration limit) {
    session.lock.lock();
    try {
      deadline = limit == null ? null : System.nanoTime() + limit.toNanos();
    } finally {
      session.lock.unlock();
    }
  }

  /** No more bytes follow those queued: the other side reads an end of file after them. */
  public void closeOutput() {
    session.lock.lock();
    try {
      finishOutput();
    } finally {
      session.lock.unlock();
    }
  }

  private void finishOutput() {
    if (!outputClosed && resetReason == null) {
      outputClosed = true;
      writable.signalAll();
      session.enqueue(this);
    }
  }

  /** Ends both directions at once; what is queued or unread is lost. */
  public void reset() {
    session.lock.lock();
    try {
      received.clear();
      resetHere("stream " + id + " was reset here");
    } finally {
      session.lock.unlock();
    }
  }

  /**
   * Closes the output and reads no more: what was queued still leaves, and unless the other side
   * ends too, the next byte it sends resets the stream.
   */
  @Override
  public void close() {
    session.lock.lock();
    try {
      finishInput();
      finishOutput();
    } finally {
      session.lock.unlock();
    }
  }

  private void finishInput() {
    boolean unread = received.size() > 0 && !finReceived;
    inputClosed = true;
    received.clear();
    readable.signalAll();
    if (unread) {
      resetHere("stream " + id + " was closed with unread bytes");
    }
  }

  private void resetHere(String reason) {
    if (resetReason == null && !(finSent && finReceived)) {
      resetToSend = true;
      session.enqueue(this);
      broken(reason);
    }
  }

  private void broken(String reason) {
    resetReason = reason;
    queued.clear();
    session.forget(this);
    wakeAll();
  }

  /** Locked. */
  void wakeAll() {
    readable.signalAll();
    writable.signalAll();
  }

  /** Locked, by the reader: {@code count} bytes follow. */
  void announced(int count) throws IOException {
    if (count > receiveWindow) {
      throw new IOException("stream " + id + " got data beyond its window");
    }
    receiveWindow -= count;
  }

  /** Locked, by the reader: bytes that were announced. */
  void received(ByteBuffer from, int count) {
    if (finReceived || resetReason != null) {
      return;
    }
    if (inputClosed) {
      resetHere("stream " + id + " got bytes that nobody reads");
      return;
    }
    received.put(from, count);
    readable.signalAll();
  }

  /** Locked, by the reader. */
  void windowGrew(long more) throws IOException {
    if (sendWindow + more > Frame.MAX_WINDOW) {
      throw new IOException("stream " + id + " got a window above 2^32-1");
    }
    sendWindow += more;
    if (more > 0 && hasMoreToSend()) {
      session.enqueue(this);
    }
  }

  /** Locked, by the reader: the end of a frame with these flags. */
  void flagged(int flags) {
    if ((flags & Frame.RST) != 0) {
      if (resetReason == null) {
        broken("stream " + id + " was reset by the other side");
      }
    } else if ((flags & Frame.FIN) != 0) {
      finReceived = true;
      readable.signalAll();
      forgetIfDone();
    }
  }

  private void forgetIfDone() {
    if (finSent && finReceived) {
      session.forget(this);
    }
  }

  /** Locked, by the writer. */
  boolean hasMoreToSend() {
    if (resetReason != null) {
      return resetToSend;
    }
    return greeting != 0
        || windowUpdateIsDue()
        || (queued.size() > 0 ? sendWindow > 0 : outputClosed && !finSent);
  }

  private boolean windowUpdateIsDue() {
    return consumed >= UPDATE_THRESHOLD && !finReceived;
  }

  /** Locked, by the writer: puts at most {@link #MAX_TURN_BYTES} into {@code out}. */
  void takeTurn(ByteBuffer out) {
    if (resetReason != null) {
      if (resetToSend && announced) {
        Frame.putHeader(out, Frame.WINDOW_UPDATE, Frame.RST, id, 0);
      }
      resetToSend = false;
      return;
    }
    if (greeting != 0 || windowUpdateIsDue()) {
      Frame.putHeader(out, Frame.WINDOW_UPDATE, greeting, id, consumed);
      receiveWindow += consumed;
      consumed = 0;
      greeting = 0;
      announced = true;
    }
    int count = (int) Math.min(Math.min(queued.size(), Frame.MAX_DATA_SENT), sendWindow);
    boolean last = outputClosed && !finSent && count == queued.size();
    if (count > 0 || last) {
      Frame.putHeader(out, Frame.DATA, last ? Frame.FIN : 0, id, count);
      queued.take(out, count);
      sendWindow -= count;
      finSent |= last;
      writable.signalAll();
      forgetIfDone();
    }
  }

  private int read(byte[] to, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, to.length);
    if (length == 0) {
      return 0;
    }
    session.lock.lock();
    try {
      while (received.size() == 0) {
        if (inputClosed) {
          throw new IOException("the input of stream " + id + " is closed");
        }
        if (finReceived) {
          return -1;
        }
        requireUsable();
        await(readable, "read from", 0);
      }
      int count = received.take(to, offset, length);
      consumed += count;
      if (windowUpdateIsDue()) {
        session.enqueue(this);
      }
      if (received.size() > 0) {
        readable.signalAll();
      } else if (finReceived) {
        received.clear();
      }
      return count;
    } finally {
      session.lock.unlock();
    }
  }

  private void write(byte[] from, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, from.length);
    session.lock.lock();
    try {
      for (int done = 0; done < length; ) {
        requireUsable();
        if (outputClosed) {
          throw new IOException("the output of stream " + id + " is closed");
        }
        int count = queued.put(from, offset + done, length - done);
        done += count;
        if (count == 0) {
          await(writable, "write to", done);
        } else if (sendWindow > 0) {
          session.enqueue(this);
        }
      }
    } finally {
      session.lock.unlock();
    }
  }

  private void requireUsable() throws IOException {
    if (resetReason != null) {
      throw new IOException(resetReason);
    }
    session.requireAlive();
  }

  /** Waits for one signal: its callers loop. */
  @SuppressWarnings("WaitNotInLoop")
  private void await(Condition condition, String what, int transferred) throws IOException {
    try {
      if (deadline == null) {
        condition.await();
        return;
      }
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw withCount(
            new SocketTimeoutException("could not " + what + " stream " + id + " in time"),
            transferred);
      }
      boolean _ = condition.await(left, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw withCount(new InterruptedIOException("interrupted: " + what + " stream"), transferred);
    }
  }

  private static InterruptedIOException withCount(InterruptedIOException e, int transferred) {
    e.bytesTransferred = transferred;
    return e;
  }

  private int available() {
    session.lock.lock();
    try {
      return received.size();
    } finally {
      session.lock.unlock();
    }
  }

  private void closeInput() {
    session.lock.lock();
    try {
      finishInput();
    } finally {
      session.lock.unlock();
    }
  }

  private final class Input extends InputStream {
    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      return YamuxStream.this.read(to, offset, length);
    }

    @Override
    public int available() {
      return YamuxStream.this.available();
    }

    @Override
    public void close() {
      closeInput();
    }
  }

  private final class Output extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      YamuxStream.this.write(from, offset, length);
    }

    @Override
    public void close() {
      closeOutput();
    }
  }
}
