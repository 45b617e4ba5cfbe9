package dev.banger.guest.ssh;

import dev.banger.guest.ExecEnd;
import dev.banger.guest.GuestExec;
import dev.banger.guest.SignalScope;
import dev.banger.guest.TerminalSize;
import dev.banger.model.BangerException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A program of the guest whose streams are a session channel's. */
final class GuestProgram {
  private static final Logger LOG = LoggerFactory.getLogger(GuestProgram.class);
  private static final int SIGHUP = 1;
  private static final Duration AFTER_HANGUP = Duration.ofSeconds(10);

  private final GuestExec program;
  private final ByteChannel channel;
  private final AtomicReference<TerminalSize> size;

  GuestProgram(GuestExec program, ByteChannel channel, TerminalSize size) {
    this.program = program;
    this.channel = channel;
    this.size = new AtomicReference<>(size);
  }

  /** Until it has ended and all that it wrote is with the client. */
  ExecEnd run() throws BangerException, InterruptedException {
    try (program) {
      Thread.ofVirtual().name("ssh-stdin").start(this::feed);
      Thread out = drain(program.stdout(), channel.sent());
      Thread errors =
          program.stderr().isPresent()
              ? drain(program.stderr().get(), channel.errors())
              : Thread.ofVirtual().start(() -> {});
      ExecEnd end = program.awaitEnd();
      out.join();
      errors.join();
      program.forget(false);
      return end;
    }
  }

  private void feed() {
    try (GuestExec.Stdin stdin = program.stdin()) {
      ByteChannel.copy(channel.received(), stdin);
    } catch (IOException | BangerException e) {
      LOG.debug("exec={} reads no more", program.id(), e);
      discard();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What nobody reads must not fill the window. */
  private void discard() {
    try {
      channel.received().transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      LOG.debug("exec={} has lost its client", program.id(), e);
    }
  }

  private Thread drain(InputStream from, OutputStream to) {
    return Thread.ofVirtual()
        .name("ssh-output")
        .start(() -> {
          try (from) {
            ByteChannel.copy(from, to);
          } catch (IOException e) {
            LOG.debug("exec={} writes to nobody", program.id(), e);
          }
        });
  }

  void signal(int number) {
    tell(() -> program.signal(number, SignalScope.GROUP));
  }

  /** Sizes that come in quickly may be skipped, but not the last one. */
  void resize(TerminalSize now) {
    size.set(now);
    tell(() -> program.resize(size.get()));
  }

  /** The client has gone: the program is told, and has its time to end. */
  void hangUp() {
    tell(() -> {
      program.signal(SIGHUP, SignalScope.GROUP);
      if (program.awaitEnd(AFTER_HANGUP).isEmpty()) {
        LOG.info("exec={} runs on, {} after its client was lost", program.id(), AFTER_HANGUP);
        program.close();
      }
    });
  }

  private interface Telling {
    void tell() throws BangerException, InterruptedException;
  }

  private void tell(Telling what) {
    Thread.ofVirtual()
        .name("ssh-control")
        .start(() -> {
          try {
            what.tell();
          } catch (BangerException e) {
            LOG.debug("exec={} cannot be told", program.id(), e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }
}
