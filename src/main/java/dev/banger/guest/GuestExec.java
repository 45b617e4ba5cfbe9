package dev.banger.guest;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A program in the guest, seen from here. It lives there on its own: when the connection is lost,
 * or this is closed, it goes on, and can be attached again by its id.
 */
public final class GuestExec implements AutoCloseable {
  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  private final Requests requests;
  private final ExecId id;
  private final ExecOutput stdout;
  private final @Nullable ExecOutput stderr;
  private final Conversation waiting;
  private final CompletableFuture<ExecEnd> end = new CompletableFuture<>();

  private GuestExec(
      Requests requests,
      ExecId id,
      ExecOutput stdout,
      @Nullable ExecOutput stderr,
      Conversation waiting) {
    this.requests = requests;
    this.id = id;
    this.stdout = stdout;
    this.stderr = stderr;
    this.waiting = waiting;
  }

  /** Asks for everything at once, then reads the answers. */
  static GuestExec attach(
      Requests requests, ExecId id, boolean terminal, long stdoutOffset, long stderrOffset)
      throws BangerException, InterruptedException {
    return Attachment.ask(
            requests, id, terminal, stdoutOffset, stderrOffset, requests.limits().request())
        .await();
  }

  /** The streams of a program that were asked for; the answers are still on their way. */
  static final class Attachment {
    private final Requests requests;
    private final ExecId id;
    private final long stdoutOffset;
    private final long stderrOffset;
    private @Nullable Conversation out;
    private @Nullable Conversation err;
    private @Nullable Conversation waiting;

    private Attachment(Requests requests, ExecId id, long stdoutOffset, long stderrOffset) {
      this.requests = requests;
      this.id = id;
      this.stdoutOffset = stdoutOffset;
      this.stderrOffset = stderrOffset;
    }

    /**
     * @param limit for each answer
     */
    static Attachment ask(
        Requests requests,
        ExecId id,
        boolean terminal,
        long stdoutOffset,
        long stderrOffset,
        Duration limit)
        throws BangerException, InterruptedException {
      Attachment all = new Attachment(requests, id, stdoutOffset, stderrOffset);
      try {
        all.out = openOutput(requests, id, STDOUT, stdoutOffset, limit);
        all.err = terminal ? null : openOutput(requests, id, STDERR, stderrOffset, limit);
        all.waiting =
            requests.open("cannot wait for the exec " + id, Kind.EXEC_WAIT, id::write, limit);
        return all;
      } catch (BangerException | InterruptedException | RuntimeException e) {
        all.reset();
        throw e;
      }
    }

    GuestExec await() throws BangerException, InterruptedException {
      try {
        ExecOutput stdout = output(Objects.requireNonNull(out), stdoutOffset);
        ExecOutput stderr = err == null ? null : output(err, stderrOffset);
        Conversation end = Objects.requireNonNull(waiting);
        GuestExec exec = new GuestExec(requests, id, stdout, stderr, end);
        end.withoutLimit();
        Thread.ofVirtual().name("exec-wait").start(exec::readEnd);
        return exec;
      } catch (BangerException | InterruptedException | RuntimeException e) {
        reset();
        throw e;
      }
    }

    void reset() {
      for (Conversation each : Arrays.asList(out, err, waiting)) {
        if (each != null) {
          each.reset();
        }
      }
    }
  }

  private static Conversation openOutput(
      Requests requests, ExecId id, int which, long offset, Duration limit)
      throws BangerException, InterruptedException {
    return requests.open(
        "cannot read the output of the exec " + id,
        Kind.EXEC_OUTPUT,
        out -> {
          id.write(out);
          out.u8(which).u64(offset);
        },
        limit);
  }

  private static ExecOutput output(Conversation conversation, long wanted)
      throws BangerException, InterruptedException {
    long offset = Requests.await(conversation, WireReader::u64);
    if (offset != wanted) {
      throw Failure.of(
          conversation.what(),
          new MalformedException("output from " + offset + " instead of " + wanted));
    }
    conversation.withoutLimit();
    ExecOutput output = new ExecOutput(conversation, offset);
    output.forgetBefore();
    return output;
  }

  private void readEnd() {
    try {
      ExecEnd how = waiting.reply(ExecEnd::read);
      waiting.close();
      end.complete(how);
    } catch (IOException e) {
      waiting.reset();
      end.completeExceptionally(e);
    }
  }

  public ExecId id() {
    return id;
  }

  public ExecOutput stdout() {
    return stdout;
  }

  /** Empty when the program has a terminal: then all is in {@link #stdout}. */
  public Optional<ExecOutput> stderr() {
    return Optional.ofNullable(stderr);
  }

  /**
   * Opens the program's stdin: closing it is the end of file the program reads; resetting it, or
   * losing the connection, leaves it open.
   */
  public Stdin stdin() throws BangerException, InterruptedException {
    Conversation conversation =
        requests.open(
            "cannot write to the exec " + id,
            Kind.EXEC_INPUT,
            id::write,
            requests.limits().request());
    long accepted = Requests.await(conversation, WireReader::u64);
    conversation.withoutLimit();
    return new Stdin(conversation, accepted);
  }

  /** As {@link #stdin()}; empty when the program's stdin has ended already. */
  public Optional<Stdin> stdinIfOpen() throws BangerException, InterruptedException {
    try {
      return Optional.of(stdin());
    } catch (BangerException e) {
      if (e.code() == ErrorCode.WRONG_STATE) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** What the program reads. Its errors say why the guest takes no more. */
  public static final class Stdin extends OutputStream {
    private final Conversation conversation;
    private final long accepted;

    private Stdin(Conversation conversation, long accepted) {
      this.conversation = conversation;
      this.accepted = accepted;
    }

    /** How many bytes the guest had taken, over all connections, when this was opened. */
    public long accepted() {
      return accepted;
    }

    @Override
    public void write(int b) throws IOException {
      conversation.output().write(b);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      conversation.output().write(from, offset, length);
    }

    /** Lets go without an end of file. */
    public void detach() {
      conversation.reset();
    }

    /** The program reads an end of file after what was written. */
    @Override
    public void close() {
      conversation.closeOutput();
    }
  }

  /** Waits until the program has ended; its output may still be on its way. */
  public ExecEnd awaitEnd() throws BangerException, InterruptedException {
    try {
      return end.get();
    } catch (ExecutionException e) {
      throw lost(e);
    }
  }

  /** As {@link #awaitEnd()}; empty when it still runs after {@code limit}. */
  public Optional<ExecEnd> awaitEnd(Duration limit) throws BangerException, InterruptedException {
    try {
      return Optional.of(end.get(limit.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      throw lost(e);
    }
  }

  private BangerException lost(ExecutionException e) throws InterruptedException {
    return e.getCause() instanceof IOException cause
        ? Failure.of(waiting.what(), cause)
        : new BangerException(ErrorCode.INTERNAL, waiting.what(), "", e);
  }

  public void signal(int signal, SignalScope scope) throws BangerException, InterruptedException {
    requests.run(
        "cannot send signal " + signal + " to the exec " + id,
        Kind.EXEC_SIGNAL,
        out -> {
          id.write(out);
          out.u32(signal).u8(scope.number());
        });
  }

  public void resize(TerminalSize size) throws BangerException, InterruptedException {
    requests.run(
        "cannot resize the terminal of the exec " + id,
        Kind.EXEC_RESIZE,
        out -> {
          id.write(out);
          size.write(out);
        });
  }

  /** The guest drops it and its output, and kills it first if asked to. */
  public void forget(boolean kill) throws BangerException, InterruptedException {
    forget(requests, id, kill);
  }

  static void forget(Requests requests, ExecId id, boolean kill)
      throws BangerException, InterruptedException {
    requests.run(
        "cannot forget the exec " + id,
        Kind.EXEC_FORGET,
        out -> {
          id.write(out);
          out.bool(kill);
        });
  }

  /** Lets go of it; it goes on in the guest. */
  @Override
  public void close() {
    stdout.close();
    if (stderr != null) {
      stderr.close();
    }
    waiting.reset();
  }
}
