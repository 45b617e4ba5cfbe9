package dev.banger.daemon;

import dev.banger.guest.ExecEnd;
import dev.banger.guest.GuestExec;
import dev.banger.guest.SignalScope;
import dev.banger.guest.TerminalSize;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins a client's four streams (control, stdin, stdout, stderr: docs/rpc.md) to a program in a
 * guest. When the client is lost the program gets SIGHUP; when the daemon ends it runs on, and the
 * client finds it again at the next one.
 */
final class ExecSession {
  private static final Logger LOG = LoggerFactory.getLogger(ExecSession.class);
  private static final int SIGHUP = 1;
  private static final Duration AFTER_HANGUP = Duration.ofSeconds(10);
  private static final Duration LAST_OUTPUT = Duration.ofSeconds(2);
  private static final Duration CONFIRMATION = Duration.ofSeconds(10);
  private static final Duration LET_GO = Duration.ofSeconds(2);
  private static final int BUFFER = 16 << 10;

  /**
   * How much of the output that was sent the client may not have written out: what is queued here,
   * a window under way, and what it holds in its hands (docs/rpc.md).
   */
  private static final int ON_ITS_WAY = (64 + 256 + 64) << 10;

  private static final InputStream NOTHING = InputStream.nullInputStream();

  /** Where the client's bytes go; null: nowhere. */
  @FunctionalInterface
  interface StdinSource {
    GuestExec.@Nullable Stdin open() throws BangerException, InterruptedException;
  }

  private final GuestExec program;
  private final StdinSource stdin;
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile @Nullable ExecEnd ending;
  private volatile @Nullable BangerException failure;
  private volatile boolean letGo;

  ExecSession(GuestExec program, StdinSource stdin) {
    this.program = program;
    this.stdin = stdin;
    program.stdout().keep(ON_ITS_WAY);
    program.stderr().ifPresent(errors -> errors.keep(ON_ITS_WAY));
  }

  /**
   * Returns when the program has ended and its client knows, or when its client is lost and it had
   * its time to end: then true, after {@code atEnd}; or when it was let go.
   */
  boolean serve(YamuxSession session, Runnable atEnd) throws InterruptedException {
    session.onClosed(_ -> Thread.ofVirtual().name("exec-hangup").start(this::hangUp));
    LOG.debug("exec={} is joined to its client", program.id());
    Thread.ofVirtual().name("exec-end").start(this::awaitEnd);
    try (program) {
      join(session, atEnd);
    }
    return !letGo;
  }

  private void join(YamuxSession session, Runnable atEnd) throws InterruptedException {
    try (YamuxStream control = session.accept();
        YamuxStream in = session.accept();
        YamuxStream out = session.accept();
        YamuxStream err = session.accept()) {
      Thread.ofVirtual().name("exec-stdin").start(() -> feed(in));
      Thread client = Thread.ofVirtual().name("exec-control").start(() -> obey(control));
      Thread stdout = drain(program.stdout(), out);
      Thread stderr = drain(program.stderr().map(o -> (InputStream) o).orElse(NOTHING), err);
      over.await();
      if (letGo) {
        ControlMessage.write(control.output(), new ControlMessage.LetGo());
        boolean _ = client.join(LET_GO); // it hangs up when it has read that
        return;
      }
      if (ending != null) {
        stdout.join();
        stderr.join();
      } else {
        boolean _ = stdout.join(LAST_OUTPUT) && stderr.join(LAST_OUTPUT);
      }
      LOG.debug("exec={} has ended and its output is through", program.id());
      ControlMessage.write(control.output(), report());
      boolean _ = client.join(CONFIRMATION); // only then can no other daemon be asked for it
      atEnd.run();
      control.closeOutput();
      forget();
    } catch (IOException e) {
      LOG.debug("an exec's client is lost", e);
      over.await(); // the hang-up sees to it
      if (!letGo) {
        atEnd.run();
        forget();
      }
    }
  }

  /** The daemon ends: the program runs on, and its client hears that it will. */
  void letGo() {
    if (over.getCount() > 0) {
      letGo = true;
      over.countDown();
    }
  }

  /** That the guest may have gone meanwhile changes nothing. */
  private void forget() throws InterruptedException {
    try {
      if (ending != null) {
        program.forget(false);
      }
    } catch (BangerException e) {
      LOG.debug("exec={} cannot be forgotten", program.id(), e);
    }
  }

  private void awaitEnd() {
    try {
      ending = program.awaitEnd();
    } catch (BangerException e) {
      failure = e;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      over.countDown();
    }
  }

  private ControlMessage report() {
    BangerException why = failure;
    return switch (ending) {
      case ExecEnd.Exited exited -> new ControlMessage.Exited(exited.status());
      case ExecEnd.Signalled signalled -> new ControlMessage.Signalled(signalled.signal());
      case null ->
          new ControlMessage.Failed(
              why != null
                  ? why
                  : new BangerException(
                      ErrorCode.GUEST_FAILED, "the program's end was not seen", ""));
    };
  }

  /** The client's bytes become the program's stdin; its end of file too, but not its loss. */
  private void feed(YamuxStream from) {
    try (GuestExec.Stdin to = stdin.open()) {
      if (to != null) {
        feed(from, to);
      }
    } catch (BangerException e) {
      LOG.debug("a program takes no more stdin", e);
      from.reset();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void feed(YamuxStream from, GuestExec.Stdin to) {
    byte[] buffer = new byte[BUFFER];
    try {
      for (int count = from.input().read(buffer); count >= 0; count = from.input().read(buffer)) {
        try {
          to.write(buffer, 0, count);
        } catch (IOException e) {
          LOG.debug("a program takes no more stdin", e);
          from.reset();
          return;
        }
      }
    } catch (IOException e) {
      to.detach();
    }
  }

  private void obey(YamuxStream control) {
    try {
      ControlMessage message = ControlMessage.read(control.input());
      while (message != null) {
        obey(message);
        message = ControlMessage.read(control.input());
      }
    } catch (IOException e) {
      LOG.debug("the control stream of an exec ended", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void obey(ControlMessage message) throws IOException, InterruptedException {
    try {
      switch (message) {
        case ControlMessage.Resize resize ->
            program.resize(new TerminalSize(resize.rows(), resize.columns()));
        case ControlMessage.Signal signal -> program.signal(signal.number(), SignalScope.GROUP);
        case ControlMessage.Exited _,
            ControlMessage.Signalled _,
            ControlMessage.Failed _,
            ControlMessage.Copied _,
            ControlMessage.LetGo _ ->
            throw new IOException("a client sent what only a daemon says");
      }
    } catch (BangerException e) {
      LOG.debug("exec={} cannot be told", program.id(), e);
    }
  }

  private static Thread drain(InputStream from, YamuxStream to) {
    return Thread.ofVirtual()
        .name("exec-output")
        .start(() -> {
          try {
            copy(from, to.output());
            to.closeOutput();
          } catch (IOException e) {
            LOG.debug("output of a program was cut off", e);
            to.reset();
          }
        });
  }

  /** The client has gone: the program is told, and has its time to end. */
  private void hangUp() {
    try {
      if (!letGo && over.getCount() > 0) {
        program.signal(SIGHUP, SignalScope.GROUP);
        if (!over.await(AFTER_HANGUP.toMillis(), TimeUnit.MILLISECONDS)) {
          LOG.info("a program runs on, {} after its client was lost", AFTER_HANGUP);
        }
      }
    } catch (BangerException e) {
      LOG.debug("a program whose client was lost cannot be told", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      over.countDown();
    }
  }

  static void copy(InputStream from, OutputStream to) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
      to.write(buffer, 0, count);
      if (from.available() == 0) {
        to.flush();
      }
    }
    to.flush();
  }
}
