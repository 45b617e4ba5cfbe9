package dev.banger.rpc;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.JsonText.Malformed;
import dev.banger.yamux.YamuxSession;
import io.avaje.json.JsonException;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a daemon. Calls block, one at a time; meanwhile another thread may {@link
 * #post} or {@link #close}. Made to start fast: no reflection, no logging, no thread but one that
 * guards a limit.
 */
public final class RpcClient implements AutoCloseable {
  /** Hears notifications, on the calling thread. */
  @FunctionalInterface
  public interface Listener {
    /** {@code params} is raw JSON. */
    void heard(String method, String params);
  }

  /** A notification. */
  public record Notification(String method, String params) {}

  private static final int LINE_LIMIT = 32 << 20;

  private final Jsonb jsonb = Wire.json();
  private final SocketChannel channel;
  private final LineBuffer lines;
  private volatile long lastId;
  private volatile boolean late;

  private RpcClient(SocketChannel channel) {
    this.channel = channel;
    this.lines = new LineBuffer(channel, LINE_LIMIT, null);
  }

  /** Loads, on other threads than who will connect, what that takes: milliseconds of a command. */
  public static void prepare() {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          var _ = Wire.json();
        });
    Thread.ofPlatform().daemon().start(RpcClient::prepareSocket);
  }

  /** The JDK's first Unix socket makes random numbers first. */
  private static void prepareSocket() {
    try {
      SocketChannel.open(StandardProtocolFamily.UNIX).close();
    } catch (IOException e) {
      // connect() will meet the same, and say so.
    }
  }

  /** Connects; null when nobody serves there. */
  public static @Nullable RpcClient connect(Path socket) throws BangerException {
    UnixDomainSocketAddress address = SocketFile.address(socket);
    if (!Files.exists(socket)) {
      return null;
    }
    try {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(address);
        return new RpcClient(channel);
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (ConnectException e) {
      return null;
    } catch (IOException e) {
      if (!Files.exists(socket)) {
        return null;
      }
      throw new BangerException(
          Files.isWritable(socket) ? ErrorCode.UNAVAILABLE : ErrorCode.PERMISSION,
          "cannot connect to the daemon at " + socket,
          Files.isWritable(socket) ? "" : "ask its owner to let you use it",
          e);
    }
  }

  /** The first line on the connection: the daemon speaks first. */
  public Notification greeting(Duration limit) throws BangerException {
    try (var _ = new Deadline(limit)) {
      Map<String, String> members = receive("greet the daemon");
      failOn(members);
      return new Notification(
          JsonText.string(members.getOrDefault("method", "")),
          members.getOrDefault("params", "{}"));
    } catch (Malformed e) {
      throw garbled("greet the daemon", e);
    }
  }

  /** Waits for the result; {@code limit} null: as long as it takes. */
  public <R> R call(
      String method, Object params, Class<R> result, @Nullable Duration limit, Listener listener)
      throws BangerException {
    long id = lastId + 1;
    lastId = id;
    try (var _ = new Deadline(limit)) {
      send(method, Request.call(id, method, jsonb.toJson(params)));
      return jsonb.type(result).fromJson(reply(method, Long.toString(id), listener));
    } catch (Malformed | JsonException e) {
      throw garbled(method, e);
    }
  }

  /** Sends a call and does not wait: its reply is dropped. */
  public void post(String method, Object params) throws BangerException {
    send(method, Request.call(0, method, jsonb.toJson(params)));
  }

  /** Asks for the end of the call that waits; it fails as cancelled. */
  public void cancel() throws BangerException {
    send(Request.CANCEL, Request.notification(Request.CANCEL, "{\"id\":" + lastId + "}"));
  }

  /** After the reply of an interactive call: the connection belongs to the session from now on. */
  public YamuxSession upgrade() {
    return YamuxSession.client(channel, lines.rest());
  }

  private String reply(String method, String id, Listener listener)
      throws BangerException, Malformed {
    while (true) {
      Map<String, String> members = receive(method);
      String notification = members.get("method");
      String answered = members.getOrDefault("id", "null");
      if (notification != null) {
        listener.heard(JsonText.string(notification), members.getOrDefault("params", "{}"));
      } else if (answered.equals(id) || answered.equals("null")) {
        failOn(members);
        return members.getOrDefault("result", "{}");
      }
    }
  }

  private static void failOn(Map<String, String> members) throws BangerException, Malformed {
    String error = members.get("error");
    if (error != null) {
      throw ErrorObject.read(error);
    }
  }

  private void send(String method, String line) throws BangerException {
    ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      throw lost(method, e);
    }
  }

  private Map<String, String> receive(String method) throws BangerException, Malformed {
    try {
      while (true) {
        byte[] line = lines.poll();
        if (line != null) {
          return JsonText.object(Request.decode(line));
        }
        if (!lines.fill()) {
          throw lost(method, null);
        }
      }
    } catch (IOException e) {
      throw lost(method, e);
    }
  }

  private BangerException lost(String method, @Nullable IOException cause) {
    return late
        ? new BangerException(
            ErrorCode.TIMEOUT,
            "the daemon did not answer " + method + " in time",
            "look at `banger daemon logs`",
            null)
        : new BangerException(
            ErrorCode.UNAVAILABLE,
            "the daemon hung up during " + method,
            "look at `banger daemon logs`",
            cause);
  }

  private static BangerException garbled(String method, Exception cause) {
    return new BangerException(
        ErrorCode.INTERNAL, "cannot read the daemon's answer to " + method, "", cause);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException _) {
      // It is gone either way.
    }
  }

  /** Closes the connection when a limit passes before the work is done. */
  private final class Deadline implements AutoCloseable {
    private final @Nullable Thread guard;

    Deadline(@Nullable Duration limit) {
      guard = limit == null ? null : Thread.ofPlatform().daemon().start(() -> closeAfter(limit));
    }

    private void closeAfter(Duration limit) {
      try {
        Thread.sleep(limit);
        late = true;
        RpcClient.this.close();
      } catch (InterruptedException _) {
        // Done in time.
      }
    }

    @Override
    public void close() {
      if (guard != null) {
        guard.interrupt();
      }
    }
  }
}
