package dev.banger.guest;

import dev.banger.model.BangerException;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Asks the agent: a stream a request, and a limit of time for each answer. */
final class Requests {
  private final YamuxSession session;
  private final GuestLimits limits;

  Requests(YamuxSession session, GuestLimits limits) {
    this.session = session;
    this.limits = limits;
  }

  GuestLimits limits() {
    return limits;
  }

  /** Asks, waits for the answer, ends the stream. */
  <T> T call(
      String what,
      Kind kind,
      Consumer<WireWriter> body,
      Duration limit,
      WireReader.Decoder<T> reply)
      throws BangerException, InterruptedException {
    try (Conversation conversation = open(what, kind, body, limit)) {
      return await(conversation, reply);
    }
  }

  /** Asks with the usual limit, for an answer without content. */
  void run(String what, Kind kind, Consumer<WireWriter> body)
      throws BangerException, InterruptedException {
    run(what, kind, body, limits.request());
  }

  void run(String what, Kind kind, Consumer<WireWriter> body, Duration limit)
      throws BangerException, InterruptedException {
    boolean _ = call(what, kind, body, limit, in -> true);
  }

  /** Asks, and leaves the answer and what follows to the caller. */
  Conversation open(String what, Kind kind, Consumer<WireWriter> body, Duration limit)
      throws BangerException, InterruptedException {
    YamuxStream stream = null;
    try {
      WireWriter out = new WireWriter();
      body.accept(out);
      stream = session.open();
      Conversation conversation = new Conversation(stream, what);
      conversation.send(kind, out, limit);
      return conversation;
    } catch (UnsendableException e) {
      resetIfOpen(stream);
      throw Failure.unsendable(what, e);
    } catch (IOException e) {
      resetIfOpen(stream);
      throw Failure.of(what, e);
    }
  }

  private static void resetIfOpen(@Nullable YamuxStream stream) {
    if (stream != null) {
      stream.reset();
    }
  }

  /** The answer to what {@link #open} asked; the stream is reset if there is none. */
  static <T> T await(Conversation conversation, WireReader.Decoder<T> reply)
      throws BangerException, InterruptedException {
    try {
      return conversation.reply(reply);
    } catch (GuestError e) {
      conversation.close();
      throw Failure.of(conversation.what(), e);
    } catch (IOException e) {
      conversation.reset();
      throw Failure.of(conversation.what(), e);
    }
  }
}
