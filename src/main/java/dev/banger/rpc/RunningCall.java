package dev.banger.rpc;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.Methods.Answer;
import dev.banger.rpc.Methods.InvalidParams;
import dev.banger.rpc.Methods.SessionHandler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request at work, on a thread of its own. What may change is guarded by its connection. */
final class RunningCall implements Call, Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(RunningCall.class);

  private final Connection connection;
  private final Methods.Entry method;
  private final Request request;
  private final String id;
  final Thread thread;

  /** Run when the client goes away. */
  @Nullable Runnable closedAction;

  boolean interruptWhenClosed;

  /** Its handler has returned: it is interrupted no more, and sends nothing but its reply. */
  boolean done;

  RunningCall(Connection connection, Methods.Entry method, Request request, String id) {
    this.connection = connection;
    this.method = method;
    this.request = request;
    this.id = id;
    this.thread = Thread.ofVirtual().name("rpc " + request.method()).unstarted(this);
  }

  String id() {
    return id;
  }

  boolean interactive() {
    return method.interactive();
  }

  @Override
  public void run() {
    String reply;
    SessionHandler session = null;
    try {
      Answer answer = method.invoke(this, request.params());
      session = answer.session();
      reply = Request.reply(id, answer.result());
    } catch (InvalidParams e) {
      reply =
          failure(
              ErrorObject.INVALID_PARAMS,
              new BangerException(
                  ErrorCode.INVALID, "cannot read the parameters of " + request.method(), "", e));
    } catch (BangerException e) {
      LOG.debug("{} failed", request.method(), e);
      reply = failure(ErrorObject.FAILED, e);
    } catch (InterruptedException e) {
      reply =
          failure(
              ErrorObject.FAILED,
              new BangerException(ErrorCode.CANCELLED, request.method() + " was cancelled", ""));
    } catch (Throwable e) {
      LOG.error("{} met a mistake in banger", request.method(), e);
      reply =
          failure(
              ErrorObject.INTERNAL,
              new BangerException(
                  ErrorCode.INTERNAL,
                  "cannot finish " + request.method(),
                  "this is a mistake in banger: `banger daemon logs` has the stack trace",
                  e));
    }
    connection.finished(this, reply, session);
  }

  private String failure(int code, BangerException failure) {
    return Request.failure(id, ErrorObject.error(code, failure));
  }

  @Override
  public void notify(String method, Object params) {
    connection.notify(this, method, params);
  }

  @Override
  public Peer peer() {
    return connection.peer();
  }

  @Override
  public boolean closed() {
    return connection.closed();
  }

  @Override
  public void onClosed(Runnable action) {
    connection.onClosed(this, action);
  }

  @Override
  public void interruptWhenClosed() {
    connection.interruptWhenClosed(this);
  }
}
