package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.Method;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.model.Version;
import dev.banger.rpc.RpcClient;
import dev.banger.rpc.Wire;
import dev.banger.yamux.YamuxSession;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The connection to the daemon: started when none runs, of the same version. */
final class Client implements AutoCloseable {
  /** For calls that do not work long in the daemon. */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final Duration GREETING = Duration.ofSeconds(20);
  private static final RpcClient.Listener DEAF = (method, params) -> {};

  private final RpcClient rpc;
  private final DaemonApi.Hello hello;

  private Client(RpcClient rpc, DaemonApi.Hello hello) {
    this.rpc = rpc;
    this.hello = hello;
  }

  static Client connect(Directories directories) throws BangerException, InterruptedException {
    Client client = connectIfRunning(directories);
    if (client == null) {
      client = DaemonStarter.start(directories);
    }
    return client.requireSameVersion();
  }

  /** Null when no daemon runs; of whatever version. */
  static @Nullable Client connectIfRunning(Directories directories) throws BangerException {
    RpcClient rpc = RpcClient.connect(directories.socket());
    if (rpc == null) {
      return null;
    }
    try {
      RpcClient.Notification greeting = rpc.greeting(GREETING);
      return new Client(rpc, Wire.json().type(DaemonApi.Hello.class).fromJson(greeting.params()));
    } catch (BangerException e) {
      rpc.close();
      throw e;
    }
  }

  DaemonApi.Hello hello() {
    return hello;
  }

  private Client requireSameVersion() throws BangerException {
    if (!hello.version().equals(Version.TEXT)) {
      close();
      throw new BangerException(
          ErrorCode.VERSION_MISMATCH,
          "this client is version "
              + Version.TEXT
              + ", but the daemon that runs (pid "
              + hello.pid()
              + ") is "
              + hello.version(),
          "run `banger daemon stop`: the next command starts the right one, and VMs run on");
    }
    return this;
  }

  <P, R> R call(Method<P, R> method, P params) throws BangerException {
    return rpc.call(method.name(), params, method.result(), LIMIT, DEAF);
  }

  /** Without a limit; notifications go to the listener. */
  <P, R> R call(Method<P, R> method, P params, RpcClient.Listener listener) throws BangerException {
    return rpc.call(method.name(), params, method.result(), null, listener);
  }

  /** From another thread, while a call waits. */
  <P> void post(Method<P, ?> method, P params) throws BangerException {
    rpc.post(method.name(), params);
  }

  /** From another thread: cancels the call that waits. */
  void cancelCall() throws BangerException {
    rpc.cancel();
  }

  YamuxSession upgrade() {
    return rpc.upgrade();
  }

  @Override
  public void close() {
    rpc.close();
  }
}
