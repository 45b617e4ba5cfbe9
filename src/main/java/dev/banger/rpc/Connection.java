package dev.banger.rpc;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.JsonText.Malformed;
import dev.banger.rpc.Methods.SessionHandler;
import dev.banger.yamux.YamuxSession;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client. Its thread reads lines and starts a thread a request; after an interactive call's
 * reply the same thread serves the yamux session.
 */
final class Connection implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
  private static final Duration FLUSH = Duration.ofSeconds(5);

  private final SocketChannel channel;
  private final Peer peer;
  private final Methods methods;
  private final RpcServer.Limits limits;
  private final LineBuffer lines;
  private final Outbound out;

  private final LeafLock lock = new LeafLock("rpc connection");
  private final Condition idle = lock.newCondition();

  @GuardedBy("lock")
  private final Map<String, RunningCall> calls = new HashMap<>();

  /** Calls whose reply is not queued yet. */
  @GuardedBy("lock")
  private int unanswered;

  @GuardedBy("lock")
  private boolean closed;

  /** Set when an interactive call was answered: what comes next is yamux. */
  @GuardedBy("lock")
  private @Nullable SessionHandler session;

  Connection(
      SocketChannel channel,
      Peer peer,
      Methods methods,
      RpcServer.Limits limits,
      Semaphore lineBudget) {
    this.channel = channel;
    this.peer = peer;
    this.methods = methods;
    this.limits = limits;
    this.lines = new LineBuffer(channel, limits.line(), lineBudget);
    this.out = new Outbound(channel);
  }

  Peer peer() {
    return peer;
  }

  void greet(String line) {
    out.put(line);
  }

  @Override
  public void run() {
    try {
      readLines();
      if (session() == null) {
        clientIsGone();
      }
      awaitReplies(); // that of the call which becomes a session, too
      SessionHandler handler = session();
      if (handler != null) {
        serve(handler);
      }
    } catch (LineBuffer.TooLong e) {
      clientIsGone();
      out.put(refusal(null, ErrorObject.PARSE, "cannot read the request", "send shorter lines", e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lines.release();
      clientIsGone();
      close();
    }
  }

  /** Returns at the end of the stream, or when a session begins. */
  private void readLines() throws LineBuffer.TooLong {
    try {
      while (session() == null) {
        byte[] line = lines.poll();
        if (line != null) {
          receive(line);
        } else if (!lines.fill()) {
          return;
        }
      }
    } catch (LineBuffer.TooLong e) {
      throw e;
    } catch (IOException e) {
      LOG.debug("a client of {} broke off", peer, e);
    }
  }

  private void receive(byte[] line) {
    if (line.length == 0) {
      return;
    }
    try {
      Request request = Request.parse(line);
      String id = request.id();
      if (request.method().equals(Request.CANCEL)) {
        cancel(JsonText.object(request.params()).get("id"));
      } else if (id != null) {
        start(request, id);
      }
    } catch (Malformed e) {
      out.put(refusal(null, ErrorObject.PARSE, "cannot read the request as JSON", "", e));
    } catch (Request.Invalid e) {
      out.put(refusal(null, ErrorObject.INVALID_REQUEST, "this is no JSON-RPC 2.0 request", "", e));
    }
  }

  private void start(Request request, String id) {
    Methods.Entry method = methods.find(request.method());
    if (method == null) {
      out.put(
          refusal(
              id,
              ErrorObject.NO_METHOD,
              "there is no method " + request.method(),
              "ask rpc.discover for the methods",
              null));
      return;
    }
    RunningCall call = new RunningCall(this, method, request, id);
    String objection = admit(call);
    if (objection == null) {
      call.thread.start();
    } else {
      out.put(
          refusal(
              id,
              ErrorObject.REFUSED,
              "cannot begin " + request.method() + ": " + objection,
              "use another connection",
              null));
    }
  }

  /** Says why not, or null. */
  private @Nullable String admit(RunningCall call) {
    lock.lock();
    try {
      if (calls.containsKey(call.id())) {
        return "a request with this id is in flight";
      }
      if (calls.size() >= limits.inFlight()) {
        return limits.inFlight() + " requests are in flight on this connection";
      }
      if (call.interactive() && !calls.isEmpty()) {
        return "it becomes a session, but other requests are in flight";
      }
      if (calls.values().stream().anyMatch(RunningCall::interactive)) {
        return "this connection is about to become a session";
      }
      calls.put(call.id(), call);
      unanswered++;
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** The handler has returned: its reply goes out, unless the client is gone. */
  void finished(RunningCall call, String reply, @Nullable SessionHandler next) {
    lock.lock();
    try {
      call.done = true;
      call.closedAction = null;
      calls.remove(call.id());
      session = next;
    } finally {
      lock.unlock();
    }
    Thread.interrupted();
    out.put(reply);
    lock.lock();
    try {
      unanswered--;
      idle.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void cancel(@Nullable String id) {
    lock.lock();
    try {
      RunningCall call = id == null ? null : calls.get(id);
      if (call != null) {
        call.thread.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * A client that closed only its sending half still gets its replies; a session begins behind its
   * own.
   */
  private void awaitReplies() throws InterruptedException {
    lock.lock();
    try {
      while (unanswered > 0) {
        idle.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private void clientIsGone() {
    List<Runnable> actions = new ArrayList<>();
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      for (RunningCall call : calls.values()) {
        if (call.closedAction != null) {
          actions.add(call.closedAction);
        }
        if (call.interruptWhenClosed) {
          call.thread.interrupt();
        }
      }
    } finally {
      lock.unlock();
    }
    actions.forEach(Runnable::run);
  }

  private void serve(SessionHandler handler) {
    out.finish(FLUSH);
    try (YamuxSession yamux = YamuxSession.server(channel, lines.rest())) {
      handler.serve(yamux);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (BangerException | IOException e) {
      LOG.debug("a session of {} ended", peer, e);
    } catch (RuntimeException e) {
      LOG.error("a session met a mistake in banger", e);
    }
  }

  /** Interrupts what is at work and closes, when what was queued has left. */
  void shutDown() {
    lock.lock();
    try {
      calls.values().forEach(call -> call.thread.interrupt());
      awaitAnswers();
    } finally {
      lock.unlock();
    }
    clientIsGone();
    close();
  }

  /** What was interrupted says so, and who asked for the end hears that it comes. */
  @GuardedBy("lock")
  private void awaitAnswers() {
    try {
      long left = FLUSH.toNanos();
      while (unanswered > 0 && left > 0) {
        left = idle.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void close() {
    out.finish(FLUSH);
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing a connection", e);
    }
  }

  boolean closed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  void onClosed(RunningCall call, Runnable action) {
    lock.lock();
    try {
      if (!closed) {
        call.closedAction = action;
        return;
      }
    } finally {
      lock.unlock();
    }
    action.run();
  }

  void interruptWhenClosed(RunningCall call) {
    lock.lock();
    try {
      call.interruptWhenClosed = true;
      if (closed) {
        call.thread.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  void notify(RunningCall call, String method, Object params) {
    lock.lock();
    try {
      if (call.done || closed) {
        return;
      }
    } finally {
      lock.unlock();
    }
    out.put(Request.notification(method, methods.json(params)));
  }

  private @Nullable SessionHandler session() {
    lock.lock();
    try {
      return session;
    } finally {
      lock.unlock();
    }
  }

  static String refusal(
      @Nullable String id, int code, String tried, String hint, @Nullable Exception cause) {
    return Request.failure(
        id, ErrorObject.error(code, new BangerException(ErrorCode.INVALID, tried, hint, cause)));
  }
}
