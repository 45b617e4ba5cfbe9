package dev.banger.cli;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A program in a guest, joined to this process: its streams, the terminal, signals, its end. The
 * streams are opened in the order that docs/rpc.md fixes.
 */
final class ProgramSession {
  private static final int BUFFER = 64 << 10;
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(2);

  /** Of stat(2). */
  private static final int FILE_TYPE = 0170000;

  private static final int PIPE = 0010000;
  private static final int SOCKET = 0140000;

  /** As `docker run`: banger failed, the program cannot be executed, there is no such program. */
  private static final int FAILED = 125;

  private static final int CANNOT_EXECUTE = 126;
  private static final int NO_PROGRAM = 127;
  private static final int BY_SIGNAL = 128;

  private final YamuxStream control;
  private final YamuxStream input;
  private final YamuxStream output;
  private final YamuxStream errors;
  private final YamuxSession session;
  private final AtomicReference<@Nullable BangerException> lostOutput = new AtomicReference<>();
  private final AtomicInteger interrupts = new AtomicInteger();

  private ProgramSession(YamuxSession session) throws IOException {
    this.session = session;
    control = session.open();
    input = session.open();
    output = session.open();
    errors = session.open();
  }

  /** The status when no program has run: banger's own, or that of who was cancelled. */
  static int failureStatus(BangerException failure) {
    return failure.code() == ErrorCode.CANCELLED ? BY_SIGNAL + Signals.INTERRUPT : FAILED;
  }

  /** Until the reply: ctrl-C cancels the call, a second one leaves. */
  static void cancelOnInterrupt(Client client) {
    AtomicInteger interrupts = new AtomicInteger();
    Runnable cancel =
        () -> {
          if (interrupts.incrementAndGet() > 1) {
            Runtime.getRuntime().halt(BY_SIGNAL + Signals.INTERRUPT);
          }
          try {
            client.cancelCall();
          } catch (BangerException e) {
            Runtime.getRuntime().halt(BY_SIGNAL + Signals.INTERRUPT);
          }
        };
    Signals.on("INT", cancel);
    Signals.on("TERM", cancel);
  }

  /** Joins the program that the call has started, until its end; returns its exit status. */
  static int join(Client client, boolean stdin, boolean tty)
      throws BangerException, InterruptedException {
    try (YamuxSession yamux = client.upgrade()) {
      ProgramSession session = new ProgramSession(yamux);
      String saved = tty && Terminal.stdin() ? Terminal.raw() : null;
      Thread restore = new Thread(() -> restore(saved));
      Runtime.getRuntime().addShutdownHook(restore);
      try {
        session.forwardSignals(tty, saved);
        return session.run(stdin);
      } catch (IOException e) {
        throw session.whyLost(e);
      } finally {
        Runtime.getRuntime().removeShutdownHook(restore);
        restore(saved);
      }
    } catch (IOException e) {
      throw lost(e);
    }
  }

  private static void restore(@Nullable String saved) {
    if (saved != null) {
      Terminal.restore(saved);
    }
  }

  private int run(boolean stdin) throws IOException, InterruptedException, BangerException {
    if (stdin) {
      Thread.ofPlatform().daemon().name("stdin").start(this::pumpInput);
    } else {
      input.closeOutput();
    }
    Thread out = pump(output, FileDescriptor.out, 1);
    Thread err = pump(errors, FileDescriptor.err, 2);
    ControlMessage end = ControlMessage.read(control.input());
    if (end == null) {
      throw whyLost(null);
    }
    if (end instanceof ControlMessage.Failed) {
      long until = System.nanoTime() + AFTER_FAILURE.toNanos();
      out.join(AFTER_FAILURE);
      err.join(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
    } else {
      out.join();
      err.join();
    }
    BangerException failure = lostOutput.get();
    if (failure != null) {
      throw failure;
    }
    return status(end);
  }

  /** Why there is no end of the program: we have given up ourselves, or the daemon has. */
  private BangerException whyLost(@Nullable IOException cause) {
    BangerException failure = lostOutput.get();
    return failure != null ? failure : lost(cause);
  }

  /** By instanceof: a switch over types makes its class when it first runs, in each client anew. */
  private static int status(ControlMessage end) throws IOException {
    if (end instanceof ControlMessage.Exited exited) {
      return exited.status();
    }
    if (end instanceof ControlMessage.Signalled signalled) {
      return BY_SIGNAL + signalled.number();
    }
    if (end instanceof ControlMessage.Failed failed) {
      Failures.print(failed.failure(), false);
      return switch (failed.failure().code()) {
        case NOT_FOUND -> NO_PROGRAM;
        case PERMISSION, INVALID -> CANNOT_EXECUTE;
        default -> FAILED;
      };
    }
    throw new IOException("the daemon sent a message that only a client sends");
  }

  private static BangerException lost(@Nullable IOException cause) {
    return new BangerException(
        ErrorCode.UNAVAILABLE,
        "the daemon hung up while the program ran",
        "look at `banger daemon logs`",
        cause);
  }

  /** Whatever ends our stdin, the program's ends with it. */
  @SuppressWarnings("StreamResourceLeak") // descriptor 0 is the process's, not ours to close
  private void pumpInput() {
    try {
      copy(new FileInputStream(FileDescriptor.in), input.output());
    } catch (IOException _) {
      // The program reads no more, or is gone: its end tells.
    } finally {
      input.closeOutput();
    }
  }

  /** A reader of ours that goes away (`| head`) ends the program as it would end a local one. */
  private Thread pump(YamuxStream from, FileDescriptor to, int number) {
    return Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (OutputStream out = new OutputGuard(to, number)) {
            copy(from.input(), out);
          } catch (IOException _) {
            // The session has ended, and the main thread says why.
          }
        });
  }

  /**
   * Writes until it cannot; swallows the rest. A pipe without a reader is told to the program; what
   * else goes wrong, a full disk say, ends the session.
   */
  private final class OutputGuard extends OutputStream {
    private final FileOutputStream out;
    private final int number;
    private boolean broken;

    OutputGuard(FileDescriptor to, int number) {
      out = new FileOutputStream(to);
      this.number = number;
    }

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      if (broken) {
        return;
      }
      try {
        out.write(bytes, offset, length);
      } catch (IOException e) {
        broken = true;
        if (isPipe()) {
          tell(new ControlMessage.Signal(Signals.BROKEN_PIPE));
        } else {
          giveUp(e);
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

    private void giveUp(IOException cause) {
      boolean full = String.valueOf(cause.getMessage()).contains("No space left on device");
      lostOutput.compareAndSet(
          null,
          new BangerException(
              full ? ErrorCode.NO_SPACE : ErrorCode.INTERNAL,
              "cannot write the program's " + (number == 1 ? "output" : "errors"),
              "look at where it goes; the program was hung up",
              cause));
      session.close();
    }
  }

  private static void copy(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      out.write(buffer, 0, n);
    }
  }

  private void forwardSignals(boolean tty, @Nullable String saved) {
    Signals.on("INT", () -> interrupted(saved));
    Signals.on("TERM", () -> tell(new ControlMessage.Signal(Signals.TERMINATE)));
    if (tty) {
      Signals.on(
          "WINCH",
          () -> {
            Terminal.Size size = Terminal.size();
            tell(new ControlMessage.Resize(size.rows(), size.columns()));
          });
    }
  }

  private void interrupted(@Nullable String saved) {
    switch (interrupts.incrementAndGet()) {
      case 1 -> tell(new ControlMessage.Signal(Signals.INTERRUPT));
      case 2 -> tell(new ControlMessage.Signal(Signals.KILL));
      default -> {
        restore(saved);
        Runtime.getRuntime().halt(BY_SIGNAL + Signals.INTERRUPT);
      }
    }
  }

  private void tell(ControlMessage message) {
    try {
      ControlMessage.write(control.output(), message);
    } catch (IOException _) {
      // The session has ended, and the main thread says why.
    }
  }
}
