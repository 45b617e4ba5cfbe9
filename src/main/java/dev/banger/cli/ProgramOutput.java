package dev.banger.cli;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A program's output (or its errors) on its way to this process's own, over however many
 * connections: what was counted is written, in order, and nothing else is.
 */
final class ProgramOutput {
  /** docs/rpc.md: a client holds no more in its hands. */
  private static final int BUFFER = 64 << 10;

  /** Of stat(2). */
  private static final int FILE_TYPE = 0170000;

  private static final int PIPE = 0010000;
  private static final int SOCKET = 0140000;

  /** Told, once, that nothing can be written any more. */
  interface Trouble {
    /** Whoever read the output has gone. */
    void noReader();

    /** Our side failed: the full disk of a file, say. */
    void failed(BangerException failure);
  }

  private final FileOutputStream out;
  private final int number;
  private final Trouble trouble;
  private final LeafLock lock = new LeafLock("program output");

  @GuardedBy("lock")
  private long received;

  /** The source that counts now; what is read from an earlier one is thrown away. */
  @GuardedBy("lock")
  private int source;

  private @Nullable Thread pump;
  private boolean broken;

  ProgramOutput(FileDescriptor to, int number, Trouble trouble) {
    out = new FileOutputStream(to);
    this.number = number;
    this.trouble = trouble;
  }

  /** From now on the bytes come from here. */
  void follow(InputStream from) {
    int current;
    lock.lock();
    try {
      current = ++source;
    } finally {
      lock.unlock();
    }
    Thread before = pump;
    pump = Thread.ofPlatform().daemon().start(() -> copy(from, current, before));
  }

  /** Takes no more from where it is read now; returns how much has come over all connections. */
  long settle() {
    lock.lock();
    try {
      source++;
      return received;
    } finally {
      lock.unlock();
    }
  }

  /** Returns when all was written; {@code limitMillis} 0: as long as it takes. */
  void await(long limitMillis) throws InterruptedException {
    Thread last = pump;
    if (last != null) {
      last.join(limitMillis);
    }
  }

  private void copy(InputStream from, int current, @Nullable Thread before) {
    byte[] buffer = new byte[BUFFER];
    try {
      for (int n = from.read(buffer); n >= 0 && counted(current, n); n = from.read(buffer)) {
        if (before != null) {
          before.join();
          before = null;
        }
        write(buffer, n);
      }
    } catch (IOException _) {
      // The connection has ended, and the main thread says why.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean counted(int from, int count) {
    lock.lock();
    try {
      if (source != from) {
        return false;
      }
      received += count;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** A reader of ours that goes away (`| head`) ends the program as it would end a local one. */
  private void write(byte[] bytes, int length) {
    if (broken) {
      return;
    }
    try {
      out.write(bytes, 0, length);
    } catch (IOException e) {
      broken = true;
      if (isPipe()) {
        trouble.noReader();
      } else {
        boolean full = String.valueOf(e.getMessage()).contains("No space left on device");
        trouble.failed(
            new BangerException(
                full ? ErrorCode.NO_SPACE : ErrorCode.INTERNAL,
                "cannot write the program's " + (number == 1 ? "output" : "errors"),
                "look at where it goes; the program was hung up",
                e));
      }
    }
  }

  /** Writing to one that blocks fails for this reason alone; the message is in any language. */
  private boolean isPipe() {
    try {
      int mode = (Integer) Files.getAttribute(Path.of("/proc/self/fd/" + number), "unix:mode");
      int type = mode & FILE_TYPE;
      return type == PIPE || type == SOCKET;
    } catch (IOException e) {
      return false;
    }
  }
}
