package dev.banger.daemon;

import dev.banger.api.StreamApi;
import dev.banger.guest.ExecId;
import dev.banger.guest.ExecSpec;
import dev.banger.guest.ExecStart;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestExec;
import dev.banger.guest.TerminalSize;
import dev.banger.image.Image;
import dev.banger.image.ImageDefaults;
import dev.banger.image.Images;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.ops.OperationStatus;
import dev.banger.ops.Operations;
import dev.banger.rpc.Call;
import dev.banger.rpc.ControlMessage;
import dev.banger.rpc.Methods;
import dev.banger.rpc.Methods.Upgrade;
import dev.banger.store.ProgramRow;
import dev.banger.store.ProgramTable;
import dev.banger.store.VmRow;
import dev.banger.vm.Vms;
import dev.banger.yamux.YamuxSession;
import dev.banger.yamux.YamuxStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Programs: after the reply of their methods the connection carries a program's streams. */
final class ProgramMethods {
  private static final Logger LOG = LoggerFactory.getLogger(ProgramMethods.class);

  /** The agent's words for a program that could not begin where it should. */
  private static final String NO_DIRECTORY = "its directory";

  private static final int ENOENT = 2;
  private static final int EACCES = 13;

  private final Vms vms;
  private final Images images;
  private final Operations operations;
  private final OperationMethods watching;
  private final VmMethods wishes;
  private final ExecSessions sessions;
  private final ProgramTable kept;

  ProgramMethods(DaemonParts parts, OperationMethods watching, VmMethods wishes) {
    this.vms = parts.vms();
    this.images = parts.images();
    this.operations = parts.operations();
    this.sessions = parts.programs();
    this.kept = parts.kept();
    this.watching = watching;
    this.wishes = wishes;
  }

  void addTo(Methods methods) {
    StreamMethods.add(methods, StreamApi.EXEC, (_, wish) -> exec(wish));
    StreamMethods.add(methods, StreamApi.ATTACH, (_, wish) -> attach(wish));
    StreamMethods.add(methods, StreamApi.RUN, this::run);
  }

  private Upgrade<StreamApi.Running> exec(StreamApi.Exec wish)
      throws BangerException, InterruptedException {
    sessions.requireOpen();
    VmRow row = vms.find(wish.vm());
    ExecId id = ExecId.random();
    StreamApi.Program program = wish.program();
    Image image = images.byId(row.source().imageId());
    ExecSpec.Builder spec =
        spec(image, id, execArgv(image, program), program).makesDirectory(program.cwd() == null);
    ExecStart start = start(row, spec);
    return new Upgrade<>(
        running(row, id), session -> serve(session, row, start, wish.program(), () -> {}));
  }

  /** The VM goes with its command unless it is to be kept: whatever happens on the way. */
  private Upgrade<StreamApi.Running> run(Call call, StreamApi.Run wish)
      throws BangerException, InterruptedException {
    sessions.requireOpen();
    call.interruptWhenClosed();
    RunProgram program = new RunProgram(wish);
    Vms.Begun begun =
        vms.create(
            wishes.spec(wish.create(), !wish.keep(), call.peer().user(), Optional.of(program)),
            true,
            VmMethods.wait(wish.create().waitMillis()),
            Optional.empty());
    try {
      OperationStatus end = watching.watch(call, begun.operation());
      if (end.error().isPresent()) {
        throw end.error().get();
      }
      VmRow row = vms.find(begun.id().value());
      keepProgram(row, wish);
      ExecStart start = program.await();
      return new Upgrade<>(
          running(row, program.id()),
          session -> serve(session, row, start, wish.program(), () -> retire(row)));
    } catch (BangerException | InterruptedException | RuntimeException e) {
      breakOff(begun, wish);
      program.callOff();
      throw e;
    }
  }

  /** A one-shot VM, too, goes when the program that is taken up has ended. */
  private Upgrade<StreamApi.Attached> attach(StreamApi.Attach wish)
      throws BangerException, InterruptedException {
    sessions.requireOpen();
    VmRow row = vms.find(wish.vm());
    boolean claims = wish.oneShot() && row.oneShot();
    if (claims) {
      vms.retirement().claim(row.id());
    }
    boolean attached = false;
    try {
      Upgrade<StreamApi.Attached> upgrade = attach(wish, row);
      attached = true;
      return upgrade;
    } finally {
      if (claims && !attached) {
        vms.retirement().disclaim(row);
      }
    }
  }

  private Upgrade<StreamApi.Attached> attach(StreamApi.Attach wish, VmRow row)
      throws BangerException, InterruptedException {
    Runnable atEnd = wish.oneShot() ? () -> retire(row) : () -> {};
    GuestExec exec =
        vms.guest(row.id().value())
            .attach(execId(wish.exec()), wish.tty(), wish.stdout(), wish.stderr());
    try {
      Optional<GuestExec.Stdin> stdin = wish.stdin() ? exec.stdinIfOpen() : Optional.empty();
      LOG.info("vm={} exec={} is taken up again", row.name(), exec.id());
      ExecSession program = new ExecSession(exec, () -> stdin.orElse(null));
      return new Upgrade<>(
          new StreamApi.Attached(
              row.id().value(),
              row.name().value(),
              stdin.map(GuestExec.Stdin::accepted).orElse(null)),
          session -> serve(session, program, atEnd));
    } catch (BangerException | InterruptedException | RuntimeException e) {
      exec.close();
      throw e;
    }
  }

  private static ExecId execId(String text) throws BangerException {
    try {
      return new ExecId(text);
    } catch (IllegalArgumentException e) {
      throw new BangerException(
          ErrorCode.INVALID,
          "'" + text + "' is no id of a program",
          "give the one that vm.exec or vm.run answered",
          e);
    }
  }

  /** A program that the guest could not execute is reported where its end would be. */
  private void serve(
      YamuxSession session, VmRow row, ExecStart start, StreamApi.Program program, Runnable atEnd)
      throws BangerException, InterruptedException, IOException {
    switch (start) {
      case ExecStart.Started(GuestExec exec) -> {
        boolean reads = program.stdin() || program.tty();
        serve(session, new ExecSession(exec, () -> reads ? exec.stdin() : null), atEnd);
      }
      case ExecStart.Refused refused -> {
        atEnd.run();
        try (YamuxStream control = session.accept()) {
          ControlMessage.write(control.output(), new ControlMessage.Failed(reason(row, refused)));
          control.closeOutput();
        }
      }
    }
  }

  /** Whatever goes wrong, {@code atEnd} is done, but not for a program that is let go. */
  private void serve(YamuxSession session, ExecSession program, Runnable atEnd)
      throws InterruptedException {
    boolean ended = true;
    try {
      ended = sessions.serve(program, session, atEnd);
    } finally {
      if (ended) {
        atEnd.run();
      }
    }
  }

  private static BangerException reason(VmRow row, ExecStart.Refused refused) {
    ErrorCode code =
        switch (refused.errno()) {
          case ENOENT -> ErrorCode.NOT_FOUND;
          case EACCES -> ErrorCode.PERMISSION;
          default -> ErrorCode.INVALID;
        };
    return new BangerException(
        code,
        "cannot run the command in " + row.name() + ": " + refused.message(),
        refused.message().contains(NO_DIRECTORY)
            ? "make that directory in the guest, or name another one with --workdir"
            : "check its name, and that it is in the image");
  }

  /** What is begun is cancelled; its VM, if it came to be, goes in the background. */
  private void breakOff(Vms.Begun begun, StreamApi.Run wish) {
    try {
      operations.cancel(begun.operation());
    } catch (BangerException e) {
      LOG.debug("operation {} has ended and is forgotten", begun.operation(), e);
    }
    if (!wish.keep()) {
      vms.retirement().retire(begun.id());
    }
  }

  private void retire(VmRow row) {
    if (row.oneShot()) {
      vms.retirement().retire(row.id());
    }
  }

  private ExecStart start(VmRow row, ExecSpec.Builder program)
      throws BangerException, InterruptedException {
    Guest guest = vms.guest(row);
    ExecSpec spec = program.build();
    LOG.debug("vm={} is asked to run {}", row.name(), spec.argv());
    return guest.exec(spec);
  }

  /** A service that is to run something else than its image says does so at every start. */
  private void keepProgram(VmRow row, StreamApi.Run wish) throws BangerException {
    ImageDefaults defaults = images.byId(row.source().imageId()).defaults();
    StreamApi.Program program = wish.program();
    List<String> argv = argv(defaults, wish);
    boolean own = !program.argv().isEmpty() || wish.entrypoint() != null;
    if (wish.keep() && defaults.service() && own && !argv.isEmpty()) {
      String directory = program.cwd();
      String user = program.user();
      kept.insert(
          row.id(),
          new ProgramRow(
              argv,
              directory == null ? defaults.workingDirectory() : directory,
              user == null ? defaults.user() : user));
    }
  }

  private static List<String> argv(ImageDefaults defaults, StreamApi.Run wish) {
    Optional<List<String>> entrypoint =
        Optional.ofNullable(wish.entrypoint())
            .map(word -> word.isEmpty() ? List.<String>of() : List.of(word));
    return defaults.program(wish.program().argv(), entrypoint);
  }

  /** What the VM was made for: the image's entrypoint counts. */
  static ExecSpec.Builder spec(Image image, ExecId id, StreamApi.Run wish) throws BangerException {
    List<String> argv = argv(image.defaults(), wish);
    return spec(image, id, argv, wish.program()).makesDirectory(true).purpose(!wish.keep());
  }

  /** What is said is what runs; an image with an entrypoint says nothing else. */
  private static List<String> execArgv(Image image, StreamApi.Program program) {
    ImageDefaults defaults = image.defaults();
    boolean said = !program.argv().isEmpty() || !defaults.entrypoint().isEmpty();
    return said ? program.argv() : defaults.command();
  }

  private static ExecSpec.Builder spec(
      Image image, ExecId id, List<String> argv, StreamApi.Program program) throws BangerException {
    ImageDefaults defaults = image.defaults();
    if (argv.isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "nothing is said to run, and the image " + image.reference() + " has no command for that",
          "write one after --");
    }
    Map<String, String> environment = new LinkedHashMap<>();
    List<String> variables = new ArrayList<>(defaults.environment());
    variables.addAll(program.env());
    for (String variable : variables) {
      int equals = variable.indexOf('=');
      if (equals < 1) {
        throw new BangerException(
            ErrorCode.INVALID, "'" + variable + "' is no environment variable", "write NAME=VALUE");
      }
      environment.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    ExecSpec.Builder spec =
        ExecSpec.of(argv)
            .id(id)
            .environment(environment)
            .directory(program.cwd() == null ? defaults.workingDirectory() : program.cwd())
            .user(program.user() == null ? defaults.user() : program.user());
    if (program.tty()) {
      spec.terminal(new TerminalSize(program.rows(), program.columns()));
    } else if (program.stdin()) {
      spec.stdin();
    }
    return spec;
  }

  private static StreamApi.Running running(VmRow row, ExecId id) {
    return new StreamApi.Running(row.id().value(), row.name().value(), id.hex());
  }
}
