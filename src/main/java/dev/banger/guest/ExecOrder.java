package dev.banger.guest;

import dev.banger.model.BangerException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A program that the guest was asked to run, and all that attaches to it: everything is asked at
 * once, and the answers are still on their way.
 */
public final class ExecOrder {
  private final Requests requests;
  private final ExecSpec spec;

  /** The guest may not have been ready for it. */
  private final boolean early;

  private final Conversation start;
  private final GuestExec.Attachment attachment;

  private ExecOrder(
      Requests requests,
      ExecSpec spec,
      boolean early,
      Conversation start,
      GuestExec.Attachment attachment) {
    this.requests = requests;
    this.spec = spec;
    this.early = early;
    this.start = start;
    this.attachment = attachment;
  }

  static ExecOrder send(Requests requests, ExecSpec spec)
      throws BangerException, InterruptedException {
    return send(requests, spec, false, requests.limits().request());
  }

  /** Behind a configuration that is not answered yet; that may take until {@code limit}. */
  static ExecOrder sendEarly(Requests requests, ExecSpec spec, Duration limit)
      throws BangerException, InterruptedException {
    return send(requests, spec, true, limit.plus(requests.limits().request()));
  }

  private static ExecOrder send(Requests requests, ExecSpec spec, boolean early, Duration limit)
      throws BangerException, InterruptedException {
    Conversation start =
        requests.open(
            "cannot run " + spec.argv().getFirst() + " in the guest",
            Kind.EXEC_START,
            spec::write,
            limit);
    try {
      return new ExecOrder(
          requests,
          spec,
          early,
          start,
          GuestExec.Attachment.ask(requests, spec.id(), spec.terminal() != null, 0, 0, limit));
    } catch (BangerException | InterruptedException | RuntimeException e) {
      start.reset();
      forget(requests, spec.id());
      throw e;
    }
  }

  /**
   * The program, attached; on failure the guest neither runs nor remembers it. One that was ordered
   * with the configuration is awaited when the guest is ready.
   */
  public ExecStart await() throws BangerException, InterruptedException {
    boolean unclear = true;
    try {
      Optional<GuestError> error = refusal();
      ExecStart outcome;
      if (error.isEmpty()) {
        outcome = new ExecStart.Started(attachment.await());
      } else if (early && error.get().saysTooEarly()) {
        outcome = send(requests, spec).await();
      } else {
        outcome = refused(error.get());
      }
      unclear = false;
      return outcome;
    } finally {
      if (unclear) {
        callOff();
      }
    }
  }

  /** Empty: it runs. */
  private Optional<GuestError> refusal() throws BangerException, InterruptedException {
    try (start) {
      long _ = start.reply(WireReader::u32);
      return Optional.empty();
    } catch (GuestError e) {
      attachment.reset();
      return Optional.of(e);
    } catch (IOException e) {
      throw Failure.of(start.what(), e);
    }
  }

  private ExecStart refused(GuestError error) throws BangerException, InterruptedException {
    if (!error.isSystem()) {
      throw Failure.of(start.what(), error);
    }
    @Nullable String message = error.getMessage();
    return new ExecStart.Refused(error.errno(), message == null ? "" : message);
  }

  /** Nobody wants the program any more; what runs of it is killed. */
  public void callOff() {
    start.reset();
    attachment.reset();
    forget(requests, spec.id());
  }

  /** In the background: who failed to begin it does not wait for its end. */
  private static void forget(Requests requests, ExecId id) {
    Thread.ofVirtual()
        .name("exec-forget")
        .start(() -> {
          try {
            GuestExec.forget(requests, id, true);
          } catch (BangerException | InterruptedException _) {
            // It never began, or the guest does not answer and ends by itself what nobody claims.
          }
        });
  }
}
