package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.DaemonApi.Nothing;
import dev.banger.api.ErrorData;
import dev.banger.api.OperationApi;
import dev.banger.api.StreamApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.ControlMessage;
import dev.banger.rpc.Methods;
import dev.banger.rpc.RpcServer;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** A daemon whose guest is a directory of this host, and whose programs are this host's. */
final class FakeDaemon implements AutoCloseable {
  final BlockingQueue<Object> requests = new LinkedBlockingQueue<>();
  final BlockingQueue<String> sessions = new LinkedBlockingQueue<>();
  final List<DaemonApi.Leftover> leftovers = new CopyOnWriteArrayList<>();
  final Path guest;
  private final RpcServer server;

  FakeDaemon(Path home, String version) throws BangerException, IOException {
    guest = Files.createDirectories(home.resolve("guest"));
    Methods methods = new Methods();
    addVms(methods);
    addOperations(methods);
    methods.addInteractive(
        "vm.exec",
        StreamApi.Exec.class,
        StreamApi.Running.class,
        (call, params) -> program(params.vm(), params.program()));
    methods.addInteractive(
        "vm.run",
        StreamApi.Run.class,
        StreamApi.Running.class,
        (call, params) -> {
          requests.add(params);
          call.notify(OperationApi.PROGRESS, status(OperationApi.RUNNING, "boot", null));
          return program("run", params.program());
        });
    methods.addInteractive("vm.cp", StreamApi.Copy.class, Nothing.class, (call, p) -> copy(p));
    methods.add("vm.stat", StreamApi.Stat.class, StreamApi.FileStatus.class, (call, p) -> stat(p));
    methods.add(
        "daemon.status",
        Nothing.class,
        DaemonApi.Status.class,
        (call, p) ->
            new DaemonApi.Status(
                version, 1, 1, "d", "s", 0, 1, null, true, List.copyOf(leftovers)));
    server =
        RpcServer.bind(
            new RpcServer.Config(
                Directories.of(Map.of(), home, false).socket(),
                false,
                peer -> true,
                new RpcServer.Greeting(DaemonApi.HELLO, new DaemonApi.Hello(version, 4711)),
                RpcServer.Limits.STANDARD),
            methods);
    server.start();
  }

  private void addVms(Methods methods) {
    methods.add(
        "vm.list",
        VmApi.Filter.class,
        VmApi.Views.class,
        (call, p) -> new VmApi.Views(List.of(view("web"))));
    methods.add(
        "vm.show",
        VmApi.Ref.class,
        VmApi.View.class,
        (call, p) -> {
          if (p.vm().equals("nothing")) {
            throw new BangerException(
                ErrorCode.NOT_FOUND,
                "there is no VM nothing",
                "`banger vm ls -a` lists them",
                new IOException("nobody made it"));
          }
          return view(p.vm());
        });
    methods.add(
        "vm.stop",
        VmApi.Stop.class,
        VmApi.View.class,
        (call, p) -> {
          requests.add(p);
          return view(p.vm());
        });
  }

  private void addOperations(Methods methods) {
    methods.add(
        "vm.create.begin",
        VmApi.Create.class,
        VmApi.CreateBegun.class,
        (call, p) -> {
          requests.add(p);
          return new VmApi.CreateBegun(String.valueOf(p.name()), "0123456789ab", "made-up", null);
        });
    methods.add(
        "operation.watch",
        OperationApi.Ref.class,
        OperationApi.Status.class,
        (call, p) -> {
          call.notify(OperationApi.PROGRESS, status(OperationApi.RUNNING, "fetch", null));
          call.notify(OperationApi.PROGRESS, status(OperationApi.RUNNING, "fetch", null));
          call.notify(OperationApi.PROGRESS, status(OperationApi.RUNNING, "boot", null));
          return switch (p.operation()) {
            case "bad" ->
                status(
                    OperationApi.FAILED,
                    "boot",
                    new ErrorData("GUEST_FAILED", "cannot boot bad", "it panics", "look", null));
            case "gone" -> status(OperationApi.CANCELLED, "boot", null);
            default -> status(OperationApi.DONE, "boot", null);
          };
        });
  }

  static VmApi.View view(String name) {
    return new VmApi.View(
        "0123456789ab",
        name,
        "running",
        null,
        1_700_000_000_000L,
        "debian:bookworm",
        "6.1.0",
        2,
        1536L << 20,
        10L << 30,
        null,
        "auto",
        Map.of(),
        List.of(),
        null,
        77L,
        "tcg",
        System.currentTimeMillis() - 5_000_000,
        null,
        null,
        new VmApi.Policies("no", 0, null, null, null, null),
        null,
        null,
        List.of(),
        null,
        null);
  }

  private static OperationApi.Status status(String state, String stage, @Nullable ErrorData error) {
    return new OperationApi.Status(
        "9", "vm.create", "web", state, stage, 512, 1024, List.of(), 1, null, null, error);
  }

  private Methods.Upgrade<StreamApi.Running> program(String vm, StreamApi.Program program)
      throws BangerException {
    requests.add(program);
    if (vm.equals("nothing")) {
      throw new BangerException(ErrorCode.NOT_FOUND, "there is no VM nothing", "");
    }
    return new Methods.Upgrade<>(
        new StreamApi.Running("0123456789ab", vm, "0".repeat(32)),
        session -> serve(session, program));
  }

  private void serve(YamuxSession session, StreamApi.Program program)
      throws IOException, InterruptedException {
    YamuxStream control = session.accept();
    YamuxStream input = session.accept();
    YamuxStream output = session.accept();
    YamuxStream errors = session.accept();
    Process process;
    try {
      process = new ProcessBuilder(program.argv()).start();
    } catch (IOException e) {
      boolean missing = String.valueOf(e.getMessage()).contains("No such file");
      ControlMessage.write(
          control.output(),
          new ControlMessage.Failed(
              new BangerException(
                  missing ? ErrorCode.NOT_FOUND : ErrorCode.PERMISSION,
                  "cannot run " + program.argv(),
                  "")));
      control.closeOutput();
      control.input().readAllBytes();
      return;
    }
    Thread.ofVirtual().start(() -> pump(input.input(), process.getOutputStream()));
    Thread out = Thread.ofVirtual().start(() -> pump(process.getInputStream(), output.output()));
    Thread err = Thread.ofVirtual().start(() -> pump(process.getErrorStream(), errors.output()));
    Thread.ofVirtual().start(() -> control(control, process));
    int status = process.waitFor();
    out.join();
    err.join();
    ControlMessage.write(
        control.output(),
        status > 128
            ? new ControlMessage.Signalled(status - 128)
            : new ControlMessage.Exited(status));
    control.closeOutput();
    session.onClosed(reason -> sessions.add("closed"));
    control.input().readAllBytes();
  }

  private void control(YamuxStream control, Process process) {
    try {
      for (ControlMessage message = ControlMessage.read(control.input());
          message != null;
          message = ControlMessage.read(control.input())) {
        requests.add(message);
        if (message instanceof ControlMessage.Signal signal) {
          new ProcessBuilder("kill", "-" + signal.number(), Long.toString(process.pid())).start();
        }
      }
    } catch (IOException e) {
      process.destroyForcibly();
      sessions.add("lost");
    }
  }

  private static void pump(InputStream from, OutputStream to) {
    try (to) {
      from.transferTo(to);
      to.flush();
    } catch (IOException _) {
      // One side has gone.
    }
  }

  private Methods.Upgrade<Nothing> copy(StreamApi.Copy request) {
    requests.add(request);
    return new Methods.Upgrade<>(
        new Nothing(),
        session -> {
          YamuxStream control = session.accept();
          YamuxStream tar = session.accept();
          boolean in = request.direction().equals("in");
          Path place = guest.resolve(request.path().substring(1));
          boolean contents = request.path().endsWith("/.");
          File directory = in || contents ? place.toFile() : place.resolveSibling(".").toFile();
          String what = in || contents ? "." : String.valueOf(place.getFileName());
          ProcessBuilder command =
              in
                  ? new ProcessBuilder("tar", "-x", "-f", "-")
                  : new ProcessBuilder("tar", "-c", "-f", "-", what);
          Process process = command.directory(directory).start();
          if (in) {
            pump(tar.input(), process.getOutputStream());
          } else {
            pump(process.getInputStream(), tar.output());
          }
          ControlMessage.write(
              control.output(),
              process.waitFor() == 0
                  ? new ControlMessage.Copied(1, 2)
                  : new ControlMessage.Failed(
                      new BangerException(ErrorCode.INVALID, "tar failed", "")));
          control.closeOutput();
          control.input().readAllBytes();
        });
  }

  private StreamApi.FileStatus stat(StreamApi.Stat request) throws BangerException {
    Path place = guest.resolve(request.path().substring(1));
    if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
      throw new BangerException(ErrorCode.NOT_FOUND, "there is no " + request.path(), "");
    }
    boolean directory = Files.isDirectory(place);
    return new StreamApi.FileStatus(
        directory ? "directory" : "file", directory, 0755, 0, 0, 1, null);
  }

  @Override
  public void close() {
    server.close();
  }
}
