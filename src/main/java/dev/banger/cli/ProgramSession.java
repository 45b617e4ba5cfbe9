package dev.banger.cli;

import dev.banger.api.StreamApi;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import java.io.FileDescriptor;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A program in a guest, joined to this process: its streams, the terminal, signals, its end. A
 * daemon that ends meanwhile is followed by another, where the program is taken up as it was left.
 */
final class ProgramSession {
  private static final long AFTER_FAILURE_MILLIS = 2000;

  /** As `docker run`: banger failed, the program cannot be executed, there is no such program. */
  private static final int FAILED = 125;

  private static final int CANNOT_EXECUTE = 126;
  private static final int NO_PROGRAM = 127;
  private static final int BY_SIGNAL = 128;

  /** Signals that wait for a connection. */
  private static final int UNTOLD = 16;

  /**
   * What was begun.
   *
   * @param oneShot its VM goes with it
   */
  record Begun(StreamApi.Running running, boolean oneShot, boolean stdin, boolean tty) {}

  private final Begun begun;
  private final Reattachment reattachment;
  private final ProgramInput input = new ProgramInput();
  private final ProgramOutput output;
  private final ProgramOutput errors;
  private final AtomicReference<@Nullable BangerException> lostOutput = new AtomicReference<>();
  private final AtomicInteger interrupts = new AtomicInteger();
  private final AtomicInteger terminations = new AtomicInteger();
  private final Queue<ControlMessage> untold = new ArrayBlockingQueue<>(UNTOLD);
  private volatile @Nullable ProgramLink link;
  private volatile @Nullable String savedTerminal;

  private ProgramSession(Begun begun, Directories directories) {
    this.begun = begun;
    this.reattachment = new Reattachment(directories, begun);
    ProgramOutput.Trouble trouble = new Giving();
    this.output = new ProgramOutput(FileDescriptor.out, 1, trouble);
    this.errors = new ProgramOutput(FileDescriptor.err, 2, trouble);
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

  /** Joins the program that the client's call has begun, until its end; returns its exit status. */
  static int join(Client client, Directories directories, Begun begun)
      throws BangerException, InterruptedException {
    ProgramSession session = new ProgramSession(begun, directories);
    Thread restore = new Thread(session::restore);
    Runtime.getRuntime().addShutdownHook(restore);
    try {
      if (begun.tty() && Terminal.stdin() && Terminal.foreground()) {
        session.savedTerminal = Terminal.raw();
      }
      session.forwardSignals();
      return session.run(new ProgramLink(client));
    } catch (IOException e) {
      throw Reattachment.lost(e);
    } finally {
      session.hangUp();
      Runtime.getRuntime().removeShutdownHook(restore);
      session.restore();
    }
  }

  /** The terminal as it was before; once. */
  private void restore() {
    String saved = savedTerminal;
    savedTerminal = null;
    if (saved != null) {
      Terminal.restore(saved);
    }
  }

  private void hangUp() {
    ProgramLink last = link;
    if (last != null) {
      last.close();
    }
  }

  private int run(ProgramLink first) throws IOException, InterruptedException, BangerException {
    if (begun.stdin()) {
      input.start();
    }
    follow(first, begun.stdin() ? 0L : null);
    requireWritable(); // it may have failed before there was a connection to close
    ControlMessage end = first.awaitEnd();
    while (end == null || end instanceof ControlMessage.LetGo) {
      end = takeUp(end != null).awaitEnd();
    }
    finishOutput(end);
    BangerException failure = lostOutput.get();
    if (failure != null) {
      throw failure;
    }
    return status(end);
  }

  /** {@code accepted} null: no stdin is wanted. */
  private void follow(ProgramLink now, @Nullable Long accepted) throws IOException {
    output.follow(now.output().input());
    errors.follow(now.errors().input());
    if (accepted == null) {
      now.input().closeOutput();
    } else {
      input.follow(now.input(), accepted);
    }
    link = now;
    for (ControlMessage late = untold.poll(); late != null; late = untold.poll()) {
      now.tell(late);
    }
  }

  /**
   * At the next daemon.
   *
   * @param orderly the daemon said that it ends: then the next one is not ours to start
   */
  private ProgramLink takeUp(boolean orderly)
      throws BangerException, InterruptedException, IOException {
    ProgramLink before = link;
    link = null;
    long daemon = before == null ? 0 : before.daemon();
    if (before != null) {
      before.close();
    }
    requireWritable();
    Reattachment.Found found = reattachment.find(orderly, daemon, output.settle(), errors.settle());
    follow(found.link(), found.attached().stdin());
    requireWritable(); // it may have failed while there was no connection to close
    if (begun.tty()) {
      tell(terminalSize());
    }
    if (Terminal.stderr()) {
      say("banger: the daemon ended; attached again");
    }
    return found.link();
  }

  private void requireWritable() throws BangerException {
    BangerException failure = lostOutput.get();
    if (failure != null) {
      throw failure;
    }
  }

  /** A raw terminal needs to be told to go to the beginning of the line. */
  private void say(String line) {
    System.err.print(savedTerminal == null ? line + "\n" : "\r\n" + line + "\r\n");
    System.err.flush();
  }

  private void finishOutput(ControlMessage end) throws InterruptedException {
    ProgramLink last = link;
    boolean failed = end instanceof ControlMessage.Failed;
    output.await(failed ? AFTER_FAILURE_MILLIS : 0);
    errors.await(failed ? AFTER_FAILURE_MILLIS : 0);
    if (last != null) {
      last.confirm();
    }
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

  /** What happens when our own output cannot be written. */
  private final class Giving implements ProgramOutput.Trouble {
    @Override
    public void noReader() {
      tell(new ControlMessage.Signal(Signals.BROKEN_PIPE));
    }

    @Override
    public void failed(BangerException failure) {
      lostOutput.compareAndSet(null, failure);
      hangUp();
    }
  }

  private void forwardSignals() {
    Signals.on("INT", this::interrupted);
    Signals.on("TERM", this::terminated);
    if (begun.tty()) {
      Signals.on("WINCH", () -> tell(terminalSize()));
    }
  }

  private static ControlMessage terminalSize() {
    Terminal.Size size = Terminal.size();
    return new ControlMessage.Resize(size.rows(), size.columns());
  }

  private void interrupted() {
    switch (interrupts.incrementAndGet()) {
      case 1 -> tell(new ControlMessage.Signal(Signals.INTERRUPT));
      case 2 -> tell(new ControlMessage.Signal(Signals.KILL));
      default -> leave(Signals.INTERRUPT);
    }
  }

  /** A shell on a terminal ignores it: there it ends the client, and with it the connection. */
  private void terminated() {
    if (begun.tty() || terminations.incrementAndGet() > 1) {
      leave(Signals.TERMINATE);
    }
    tell(new ControlMessage.Signal(Signals.TERMINATE));
  }

  private void leave(int signal) {
    restore();
    Runtime.getRuntime().halt(BY_SIGNAL + signal);
  }

  /** Now, or when there is a connection again. */
  private void tell(ControlMessage message) {
    ProgramLink now = link;
    if (now == null || !now.tell(message)) {
      boolean _ = untold.offer(message);
    }
  }
}
