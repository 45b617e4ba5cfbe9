package dev.banger.cli;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.yamux.YamuxStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/**
 * This process's stdin on its way to a program, over however many connections. What was sent last
 * is kept, and sent again where the program has not got it: more than can be under way at once.
 */
final class ProgramInput {
  /** docs/rpc.md: what is under way to a program is less. */
  private static final int KEPT = 1 << 20;

  private static final int UNSENT = 64 << 10;

  private final InputStream in;
  private final LeafLock lock = new LeafLock("program input");
  private final Condition changed = lock.newCondition();

  /** The bytes up to {@code read}, each at its offset modulo the length; grows when needed. */
  @GuardedBy("lock")
  private byte[] kept = new byte[UNSENT];

  @GuardedBy("lock")
  private long read;

  @GuardedBy("lock")
  private long sent;

  @GuardedBy("lock")
  private boolean ended;

  @GuardedBy("lock")
  private @Nullable YamuxStream stream;

  @SuppressWarnings("StreamResourceLeak") // descriptor 0 is the process's, not ours to close
  ProgramInput() {
    this(new FileInputStream(FileDescriptor.in));
  }

  /**
   * @param in is not closed
   */
  ProgramInput(InputStream in) {
    this.in = in;
  }

  /** Begins to read. */
  void start() {
    Thread.ofPlatform().daemon().name("stdin").start(this::readAll);
  }

  /**
   * From now on what follows the first {@code accepted} bytes goes here.
   *
   * @throws IOException when some of that is no longer kept
   */
  void follow(YamuxStream to, long accepted) throws IOException {
    lock.lock();
    try {
      if (accepted > read || accepted < read - kept.length) {
        throw new IOException(
            "the program has read "
                + accepted
                + " of "
                + read
                + " bytes of stdin; too few are kept");
      }
      stream = to;
      sent = accepted;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    Thread.ofPlatform().daemon().name("stdin-sender").start(() -> sendAll(to));
  }

  /** Whatever ends our stdin, the program's ends with it. */
  private void readAll() {
    byte[] buffer = new byte[UNSENT];
    try {
      Terminal.awaitForeground();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        keep(buffer, n);
      }
    } catch (IOException _) {
      // As good as its end.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      end();
    }
  }

  private void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits while too much is unsent. */
  private void keep(byte[] bytes, int count) throws InterruptedException {
    lock.lock();
    try {
      while (read - sent >= UNSENT) {
        changed.await();
      }
      if (read + count > kept.length && kept.length < KEPT) {
        grow(read + count);
      }
      for (int i = 0; i < count; ) {
        int at = (int) (read % kept.length);
        int part = Math.min(count - i, kept.length - at);
        System.arraycopy(bytes, i, kept, at, part);
        read += part;
        i += part;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Until it has its full length it begins with byte 0. */
  @GuardedBy("lock")
  private void grow(long needed) {
    byte[] larger = new byte[needed > 2L * UNSENT ? KEPT : 2 * UNSENT];
    System.arraycopy(kept, 0, larger, 0, (int) Math.min(read, kept.length));
    kept = larger;
  }

  /** Ends with the input, or with its stream: lost, or a program that reads no more. */
  private void sendAll(YamuxStream to) {
    byte[] buffer = new byte[UNSENT];
    try {
      for (int n = take(to, buffer); n > 0; n = take(to, buffer)) {
        to.output().write(buffer, 0, n);
        sent(to, n);
      }
      to.closeOutput();
    } catch (IOException _) {
      // The reader waits for a next stream, or for the program's end.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What to send next; 0 when there will be nothing more for this stream. */
  private int take(YamuxStream to, byte[] into) throws InterruptedException {
    lock.lock();
    try {
      while (stream == to && sent == read && !ended) {
        changed.await();
      }
      if (stream != to) {
        return 0;
      }
      int at = (int) (sent % kept.length);
      int count = (int) Math.min(Math.min(read - sent, into.length), kept.length - at);
      System.arraycopy(kept, at, into, 0, count);
      return count;
    } finally {
      lock.unlock();
    }
  }

  private void sent(YamuxStream to, int count) {
    lock.lock();
    try {
      if (stream == to) {
        sent += count;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }
}
