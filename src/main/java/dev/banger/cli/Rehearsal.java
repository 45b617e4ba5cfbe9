package dev.banger.cli;

import dev.banger.api.DaemonApi;
import dev.banger.api.LogApi;
import dev.banger.api.NetworkApi;
import dev.banger.api.OperationApi;
import dev.banger.api.StreamApi;
import dev.banger.api.VmApi;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.Version;
import dev.banger.rpc.ControlMessage;
import dev.banger.rpc.Methods;
import dev.banger.rpc.RpcServer;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Runs the client's commands once, in one process, against a server that has just enough to say:
 * the build trains the client's AOT cache with it.
 */
final class Rehearsal {
  private static final VmApi.View VM =
      new VmApi.View(
          "0123456789ab",
          "rehearsal",
          "running",
          null,
          1_700_000_000_000L,
          "debian:bookworm",
          "6.1",
          2,
          1L << 30,
          10L << 30,
          new VmApi.Shape(2, 1L << 30, 10L << 30),
          "auto",
          Map.of("k", "v"),
          List.of("K=V"),
          "127.1.2.3",
          1L,
          "tcg",
          1_700_000_000_000L,
          1_700_000_000_000L,
          null,
          new VmApi.Policies("no", 0, null, null, null, null),
          null,
          null,
          List.of(),
          null,
          new NetworkApi.User("127.1.2.3", "qemu"));
  private static final OperationApi.Status RUNNING = status(OperationApi.RUNNING);

  private Rehearsal() {}

  /**
   * {@code serve HOME} until its stdin ends, {@code play HOME} in another process: what the server
   * needs is no load of the client's cache.
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("serve")) {
      serve(arguments[1]);
    } else {
      Class.forName("dev.banger.Main");
      play(arguments[1]);
    }
    System.exit(0);
  }

  private static void serve(String home) throws BangerException, IOException {
    RpcServer.Config config =
        new RpcServer.Config(
            Directories.of(Map.of(), Path.of(home), false).socket(),
            false,
            peer -> true,
            new RpcServer.Greeting(DaemonApi.HELLO, new DaemonApi.Hello(Version.TEXT, 1)),
            RpcServer.Limits.STANDARD);
    try (RpcServer server = RpcServer.bind(config, methods())) {
      server.start();
      System.in.readAllBytes();
    }
  }

  private static void play(String home) {
    for (String line :
        List.of(
            "--help",
            "vm run --help",
            "version",
            "vm ls",
            "vm ls --json",
            "vm show x",
            "vm create x --cpus 2 --memory 1.5G --env A=b",
            "vm logs x",
            "vm ls --bogus",
            "vm delete x",
            "vm stop x --json",
            "vm exec x -- true",
            "vm run --memory 1G -- true")) {
      int status = Cli.run(words(line, home));
      System.out.println(line + ": " + status);
    }
  }

  /** The command, then where its daemon is, then the rest. */
  private static String[] words(String line, String home) {
    List<String> words = new ArrayList<>(List.of(line.split(" ", -1)));
    if (RootCommand.GROUPS.contains(words.getFirst())) {
      words.addAll(2, List.of("--data-dir", home));
    }
    return words.toArray(String[]::new);
  }

  private static Methods methods() {
    Methods methods = new Methods();
    methods.add(
        "vm.list",
        VmApi.Filter.class,
        VmApi.Views.class,
        (call, params) -> new VmApi.Views(List.of(VM)));
    methods.add("vm.show", VmApi.Ref.class, VmApi.View.class, (call, params) -> VM);
    methods.add("vm.stop", VmApi.Stop.class, VmApi.View.class, (call, params) -> VM);
    methods.add(
        "vm.delete",
        VmApi.Delete.class,
        DaemonApi.Nothing.class,
        (call, params) -> new DaemonApi.Nothing());
    methods.add(
        "vm.logs.read",
        LogApi.Read.class,
        LogApi.Part.class,
        (call, params) -> new LogApi.Part("one\ntwo\n", "1:8"));
    methods.add(
        "vm.create.begin",
        VmApi.Create.class,
        VmApi.CreateBegun.class,
        (call, params) -> new VmApi.CreateBegun("1", VM.id(), VM.name(), null));
    methods.add(
        "operation.watch",
        OperationApi.Ref.class,
        OperationApi.Status.class,
        (call, params) -> {
          call.notify(OperationApi.PROGRESS, RUNNING);
          return status(OperationApi.DONE);
        });
    methods.addInteractive(
        "vm.exec", StreamApi.Exec.class, StreamApi.Running.class, (call, params) -> program());
    methods.addInteractive(
        "vm.run",
        StreamApi.Run.class,
        StreamApi.Running.class,
        (call, params) -> {
          call.notify(OperationApi.PROGRESS, RUNNING);
          return program();
        });
    return methods;
  }

  private static OperationApi.Status status(String state) {
    return new OperationApi.Status(
        "1",
        "vm.create",
        "rehearsal",
        state,
        "boot",
        1,
        2,
        List.of(new OperationApi.Stage("image", 3)),
        1_700_000_000_000L,
        null,
        null,
        null);
  }

  private static Methods.Upgrade<StreamApi.Running> program() {
    return new Methods.Upgrade<>(
        new StreamApi.Running(VM.id(), VM.name(), "0".repeat(32)), Rehearsal::serveProgram);
  }

  /** The client has read all, and hangs up. */
  private static void awaitEnd(YamuxStream control) {
    try {
      control.input().readAllBytes();
    } catch (IOException _) {
      // That was it.
    }
  }

  private static void serveProgram(YamuxSession session) throws IOException, InterruptedException {
    YamuxStream control = session.accept();
    try (YamuxStream input = session.accept();
        YamuxStream output = session.accept();
        YamuxStream errors = session.accept()) {
      input.input().readAllBytes();
      output.output().write("out\n".getBytes(StandardCharsets.UTF_8));
      output.closeOutput();
      errors.closeOutput();
      ControlMessage.write(control.output(), new ControlMessage.Exited(0));
      control.closeOutput();
      awaitEnd(control);
    }
  }
}
