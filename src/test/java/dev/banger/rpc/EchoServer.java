package dev.banger.rpc;

import dev.banger.api.DaemonApi.Hello;
import dev.banger.api.DaemonApi.Nothing;
import dev.banger.api.OperationApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;

/** A server whose methods show what the framing does. */
final class EchoServer implements AutoCloseable {
  final Semaphore begun = new Semaphore(0);
  final Semaphore interrupted = new Semaphore(0);
  final Semaphore clientGone = new Semaphore(0);
  final CountDownLatch gate = new CountDownLatch(1);
  private final RpcServer server;

  EchoServer(Path socket, RpcServer.Limits limits, boolean everyone) throws BangerException {
    Methods methods = new Methods();
    addPlain(methods);
    addFailing(methods);
    server =
        RpcServer.bind(
            new RpcServer.Config(
                socket,
                false,
                peer -> everyone,
                new RpcServer.Greeting("daemon.hello", new Hello("1", 42)),
                limits),
            methods);
    server.start();
  }

  private void addPlain(Methods methods) {
    methods.add("echo", VmApi.Ref.class, VmApi.Ref.class, (call, params) -> params);
    methods.add(
        "create",
        VmApi.Create.class,
        VmApi.CreateBegun.class,
        (call, params) -> new VmApi.CreateBegun("1", "2", String.valueOf(params.name()), null));
    methods.add("wait", Nothing.class, Nothing.class, (call, params) -> waitForGate(call, params));
    methods.add(
        "watch",
        Nothing.class,
        Nothing.class,
        (call, params) -> {
          call.interruptWhenClosed();
          return waitForGate(call, params);
        });
    methods.add(
        "count",
        VmApi.Logs.class,
        Nothing.class,
        (call, params) -> {
          for (int i = 1; i <= params.lines(); i++) {
            call.notify("counted", new OperationApi.Ref(params.vm() + i));
          }
          return new Nothing();
        });
  }

  private void addFailing(Methods methods) {
    methods.add(
        "fail",
        Nothing.class,
        Nothing.class,
        (call, params) -> {
          throw new BangerException(
              ErrorCode.NO_SPACE, "cannot grow", "buy a disk", new IOException("full \"disk\"\n"));
        });
    methods.add(
        "mistake",
        Nothing.class,
        Nothing.class,
        (call, params) -> {
          throw new IllegalStateException("a mistake on purpose");
        });
    methods.add(
        "who", Nothing.class, VmApi.Ref.class, (call, p) -> new VmApi.Ref(call.peer().user()));
    methods.add(
        "large",
        Nothing.class,
        VmApi.LogText.class,
        (call, params) -> new VmApi.LogText("x".repeat(1 << 20)));
    methods.addInteractive(
        "session",
        VmApi.Ref.class,
        VmApi.Ref.class,
        (call, params) ->
            new Methods.Upgrade<>(
                params,
                session -> {
                  try (YamuxStream stream = session.accept()) {
                    stream.input().transferTo(stream.output());
                    stream.closeOutput();
                    // A session that is closed gives what is under way a second only.
                    CountDownLatch gone = new CountDownLatch(1);
                    session.onClosed(_ -> gone.countDown());
                    gone.await();
                  } finally {
                    clientGone.release();
                  }
                }));
  }

  private Nothing waitForGate(Call call, Nothing result) throws InterruptedException {
    call.onClosed(clientGone::release);
    begun.release();
    try {
      gate.await();
      return result;
    } catch (InterruptedException e) {
      interrupted.release();
      throw e;
    }
  }

  int connections() {
    return server.connections();
  }

  /** Ends while calls are at work. */
  void end() {
    server.close();
  }

  @Override
  public void close() {
    gate.countDown();
    server.close();
  }
}
