package dev.banger.cli;

import dev.banger.rpc.ControlMessage;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** This process's terminal, joined to a serial line over however many connections. */
final class ConsoleLink {
  /** ctrl-], as virsh and telnet have it. */
  private static final byte ESCAPE = 0x1d;

  private static final int BUFFER = 16 << 10;

  /** How it ended. */
  enum End {
    /** By the escape, or a terminal that has gone. */
    LEFT,
    VM_ENDED,
    /** The daemon has gone; the VM has not. */
    LOST
  }

  private final BlockingQueue<End> ends = new LinkedBlockingQueue<>();
  private volatile @Nullable YamuxStream input;
  private boolean reading;

  /** After the reply; returns when one of the three has happened. */
  End join(Client client, boolean writes) throws InterruptedException {
    try (YamuxSession session = client.upgrade()) {
      YamuxStream control = session.open();
      YamuxStream in = session.open();
      YamuxStream out = session.open();
      input = writes ? in : null;
      Thread.ofPlatform().daemon().start(() -> print(out));
      Thread.ofPlatform().daemon().start(() -> awaitEnd(control));
      if (!reading) {
        reading = true;
        Thread.ofPlatform().daemon().name("stdin").start(this::type);
      }
      return ends.take();
    } catch (IOException e) {
      return End.LOST;
    } finally {
      input = null;
    }
  }

  private void awaitEnd(YamuxStream control) {
    try {
      ControlMessage end = ControlMessage.read(control.input());
      ends.add(end instanceof ControlMessage.Exited ? End.VM_ENDED : End.LOST);
    } catch (IOException e) {
      ends.add(End.LOST);
    }
  }

  @SuppressWarnings("StreamResourceLeak") // descriptor 1 is the process's, not ours to close
  private static void print(YamuxStream from) {
    byte[] buffer = new byte[BUFFER];
    try {
      FileOutputStream out = new FileOutputStream(FileDescriptor.out);
      for (int n = from.input().read(buffer); n >= 0; n = from.input().read(buffer)) {
        out.write(buffer, 0, n);
      }
    } catch (IOException _) {
      // The control stream tells why.
    }
  }

  @SuppressWarnings("StreamResourceLeak") // descriptor 0 is the process's, not ours to close
  private void type() {
    byte[] buffer = new byte[BUFFER];
    boolean escaped = false;
    try {
      FileInputStream in = new FileInputStream(FileDescriptor.in);
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        int end = escape(buffer, n);
        send(buffer, end < 0 ? n : end);
        escaped = end >= 0;
        if (escaped) {
          break;
        }
      }
    } catch (IOException _) {
      // As good as its end.
    }
    if (escaped || Terminal.stdin()) {
      ends.add(End.LEFT);
    }
  }

  private static int escape(byte[] bytes, int count) {
    for (int i = 0; i < count; i++) {
      if (bytes[i] == ESCAPE) {
        return i;
      }
    }
    return -1;
  }

  /** What is typed while there is no connection is lost, as on any line that was cut. */
  private void send(byte[] bytes, int count) {
    YamuxStream now = input;
    try {
      if (now != null && count > 0) {
        now.output().write(bytes, 0, count);
      }
    } catch (IOException _) {
      // The control stream tells why.
    }
  }
}
