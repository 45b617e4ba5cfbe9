package dev.banger.rpc;

import dev.banger.model.BangerException;
import dev.banger.yamux.YamuxSession;
import io.avaje.jsonb.JsonType;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods a server knows. Filled before the server starts. */
public final class Methods {
  /** Does one call; blocks; an interrupt means cancel. */
  @FunctionalInterface
  public interface Handler<P, R> {
    R handle(Call call, P params) throws BangerException, InterruptedException;
  }

  /** As Handler; the connection is a yamux session after the reply. */
  @FunctionalInterface
  public interface InteractiveHandler<P, R> {
    Upgrade<R> handle(Call call, P params) throws BangerException, InterruptedException;
  }

  /**
   * The reply of an interactive call, and who serves the session behind it. {@code session} is
   * always called, once; when the client is lost, with a session that is at its end.
   */
  public record Upgrade<R>(R result, SessionHandler session) {}

  /** Serves a session; the connection is closed when it returns. */
  @FunctionalInterface
  public interface SessionHandler {
    void serve(YamuxSession session) throws BangerException, InterruptedException, IOException;
  }

  /** What a call answered: JSON, and the session's handler of an interactive one. */
  record Answer(String result, @Nullable SessionHandler session) {}

  /** A method with its types hidden. */
  interface Entry {
    boolean interactive();

    Answer invoke(Call call, String params)
        throws BangerException, InterruptedException, InvalidParams;
  }

  /** Parameters that do not fit the method's record. */
  static final class InvalidParams extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidParams(String message) {
      super(message);
    }
  }

  private final Jsonb jsonb = Wire.strict();
  private final Map<String, Entry> entries = new HashMap<>();

  /** Adds a method; its name must be new. */
  public <P extends Record, R> void add(
      String name, Class<P> params, Class<R> result, Handler<P, R> handler) {
    JsonType<P> in = jsonb.type(params);
    JsonType<R> out = jsonb.type(result);
    put(
        name,
        false,
        (call, text) -> new Answer(out.toJson(handler.handle(call, read(in, text))), null));
  }

  /** Adds a method after whose reply the connection is a yamux session. */
  public <P extends Record, R> void addInteractive(
      String name, Class<P> params, Class<R> result, InteractiveHandler<P, R> handler) {
    JsonType<P> in = jsonb.type(params);
    JsonType<R> out = jsonb.type(result);
    put(
        name,
        true,
        (call, text) -> {
          Upgrade<R> upgrade = handler.handle(call, read(in, text));
          return new Answer(out.toJson(upgrade.result()), upgrade.session());
        });
  }

  @Nullable Entry find(String name) {
    return entries.get(name);
  }

  String json(Object value) {
    return jsonb.toJson(value);
  }

  /** What a method does with raw parameters. */
  @FunctionalInterface
  private interface Body {
    Answer invoke(Call call, String params)
        throws BangerException, InterruptedException, InvalidParams;
  }

  private record Named(boolean interactive, Body body) implements Entry {
    @Override
    public Answer invoke(Call call, String params)
        throws BangerException, InterruptedException, InvalidParams {
      return body.invoke(call, params);
    }
  }

  private void put(String name, boolean interactive, Body body) {
    if (entries.put(name, new Named(interactive, body)) != null) {
      throw new IllegalStateException("two methods are named " + name);
    }
  }

  private static <P extends Record> P read(JsonType<P> type, String params) throws InvalidParams {
    P read;
    try {
      read = type.fromJson(params);
    } catch (RuntimeException e) {
      throw new InvalidParams(e.getMessage() == null ? e.toString() : e.getMessage());
    }
    RequiredParts.check(read);
    return read;
  }
}
