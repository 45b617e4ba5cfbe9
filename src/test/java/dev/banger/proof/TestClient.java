package dev.banger.proof;

import dev.banger.api.DaemonApi;
import dev.banger.api.EventApi;
import dev.banger.api.ImageApi;
import dev.banger.api.Method;
import dev.banger.api.OperationApi;
import dev.banger.api.SetApi;
import dev.banger.api.StreamApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import dev.banger.rpc.RpcClient;
import dev.banger.rpc.Wire;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One connection to a daemon; for one thread. Each call has a limit. */
public final class TestClient implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final RpcClient.Listener DEAF = (method, params) -> {};

  private final RpcClient rpc;
  private final Directories directories;

  private TestClient(RpcClient rpc, Directories directories) {
    this.rpc = rpc;
    this.directories = directories;
  }

  Directories directories() {
    return directories;
  }

  /** Null when no daemon runs. */
  static @Nullable TestClient connect(Directories directories) throws BangerException {
    RpcClient rpc = RpcClient.connect(directories.socket());
    if (rpc == null) {
      return null;
    }
    try {
      rpc.greeting(LIMIT);
      return new TestClient(rpc, directories);
    } catch (BangerException e) {
      rpc.close();
      throw e;
    }
  }

  public <P, R> R call(Method<P, R> method, P params) throws BangerException {
    return call(method.name(), params, method.result());
  }

  /** With parameters of any shape that is JSON. */
  public <R> R call(String method, Object params, Class<R> result) throws BangerException {
    return rpc.call(method, params, result, LIMIT, DEAF);
  }

  public List<VmApi.View> list() throws BangerException {
    return call(VmApi.LIST, new VmApi.Filter(true)).vms();
  }

  /** Events go to the listener; returns when it is all, or when the connection is lost. */
  void listen(EventApi.Subscribe wish, RpcClient.Listener listener) throws BangerException {
    EventApi.Position _ =
        rpc.call(EventApi.SUBSCRIBE.name(), wish, EventApi.Position.class, null, listener);
  }

  public VmApi.View show(String vm) throws BangerException {
    return call(VmApi.SHOW, new VmApi.Ref(vm));
  }

  public List<OperationApi.Status> operations() throws BangerException {
    return call(OperationApi.LIST, new DaemonApi.Nothing()).operations();
  }

  /** What the daemon could not take off the host yet. */
  public List<DaemonApi.Leftover> leftovers() throws BangerException {
    return call(DaemonApi.STATUS, new DaemonApi.Nothing()).leftovers();
  }

  /** The parameters of vm.create.begin, without those that have a default. */
  public static Map<String, Object> wish(String name, boolean start) {
    Map<String, Object> wish = new LinkedHashMap<>();
    wish.put("name", name);
    wish.put("initMode", "agent");
    wish.put("env", List.of());
    wish.put("labels", Map.of());
    wish.put("start", start);
    return wish;
  }

  /** Begins to make a VM and does not wait. */
  public VmApi.CreateBegun beginCreate(Map<String, Object> wish) throws BangerException {
    return call(VmApi.CREATE_BEGIN.name(), wish, VmApi.CreateBegun.class);
  }

  /** Makes a VM; its id. */
  public String create(String name, boolean start) throws BangerException {
    VmApi.CreateBegun begun = beginCreate(wish(name, start));
    await(begun.operation());
    return begun.id();
  }

  public void start(String vm) throws BangerException {
    await(call(VmApi.START_BEGIN, new VmApi.Start(vm, false, null)).operation());
  }

  public void restart(String vm) throws BangerException {
    await(call(VmApi.RESTART_BEGIN, new VmApi.Start(vm, false, null)).operation());
  }

  /** Waits for the end of an operation; throws its error. */
  public OperationApi.Status await(String operation) throws BangerException {
    OperationApi.Status status = call(OperationApi.WATCH, new OperationApi.Ref(operation));
    if (status.error() != null) {
      throw Wire.failure(Wire.json().toJson(status.error()));
    }
    return status;
  }

  public OperationApi.Status cancel(String operation) throws BangerException {
    return call(OperationApi.CANCEL, new OperationApi.Ref(operation));
  }

  public VmApi.View stop(String vm, boolean force) throws BangerException {
    return call(VmApi.STOP, new VmApi.Stop(vm, 5000, force));
  }

  public VmApi.View kill(String vm) throws BangerException {
    return call(VmApi.KILL, new VmApi.Kill(vm, null));
  }

  public void delete(String vm, boolean force) throws BangerException {
    call(VmApi.DELETE, new VmApi.Delete(vm, force));
  }

  /** Makes its disks so large, and gives it these labels. */
  public void set(String vm, long disk, Map<String, String> labels) throws BangerException {
    call(SetApi.SET, new SetApi.Change(vm, 0, 0, disk, null, labels, List.of(), null, null, null));
  }

  /** Ids of images. */
  public List<String> images() throws BangerException {
    return call(ImageApi.LIST, new DaemonApi.Nothing()).images().stream()
        .map(ImageApi.View::id)
        .toList();
  }

  /** Fetches an image, though there may be one; its id. */
  public String pull(String reference) throws BangerException {
    String operation = call(ImageApi.PULL_BEGIN, new ImageApi.Ref(reference)).operation();
    OperationApi.Status _ = await(operation);
    return call(ImageApi.SHOW, new ImageApi.Ref(reference)).id();
  }

  public void deleteImage(String image) throws BangerException {
    call(ImageApi.DELETE, new ImageApi.Delete(image, false));
  }

  /** How a program ended, and what it said on its stdout. */
  public record Ran(int status, String output) {}

  /** Runs a program in a running VM, on a connection of its own. */
  public Ran exec(String vm, String... argv) throws BangerException {
    TestClient own = connect(directories);
    if (own == null) {
      throw new BangerException(ErrorCode.UNAVAILABLE, "no daemon answers", "");
    }
    try (own) {
      return own.execHere(vm, argv);
    }
  }

  private Ran execHere(String vm, String... argv) throws BangerException {
    StreamApi.Program program =
        new StreamApi.Program(List.of(argv), List.of(), "/", null, false, 0, 0, false);
    call(StreamApi.EXEC, new StreamApi.Exec(vm, program));
    try (YamuxSession session = rpc.upgrade()) {
      YamuxStream control = session.open();
      YamuxStream input = session.open();
      YamuxStream output = session.open();
      YamuxStream errors = session.open();
      for (YamuxStream stream : List.of(control, output, errors)) {
        stream.deadline(LIMIT);
      }
      input.closeOutput();
      String said = new String(output.input().readAllBytes(), StandardCharsets.UTF_8);
      return switch (ControlMessage.read(control.input())) {
        case ControlMessage.Exited exited -> new Ran(exited.status(), said);
        case ControlMessage.Signalled signalled -> new Ran(128 + signalled.number(), said);
        case ControlMessage.Failed failed -> throw failed.failure();
        case null, default -> throw lost(null);
      };
    } catch (IOException e) {
      throw lost(e);
    }
  }

  private static BangerException lost(@Nullable IOException cause) {
    return new BangerException(
        ErrorCode.UNAVAILABLE, "the daemon hung up while the program ran", "", cause);
  }

  @Override
  public void close() {
    rpc.close();
  }
}
