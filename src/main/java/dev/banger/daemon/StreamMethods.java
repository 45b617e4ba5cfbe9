package dev.banger.daemon;

import dev.banger.api.StreamApi;
import dev.banger.guest.ExecSpec;
import dev.banger.guest.ExecStart;
import dev.banger.guest.FileStatus;
import dev.banger.guest.Guest;
import dev.banger.guest.GuestExec;
import dev.banger.guest.TerminalSize;
import dev.banger.image.Image;
import dev.banger.image.Images;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.ops.OperationStatus;
import dev.banger.ops.Operations;
import dev.banger.rpc.Call;
import dev.banger.rpc.ControlMessage;
import dev.banger.rpc.Methods;
import dev.banger.rpc.Methods.Upgrade;
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

/** Programs and copies: methods after whose reply the connection carries streams. */
final class StreamMethods {
  private static final Logger LOG = LoggerFactory.getLogger(StreamMethods.class);
  private static final int ENOENT = 2;
  private static final int EACCES = 13;

  private final Vms vms;
  private final Images images;
  private final Operations operations;
  private final OperationMethods watching;
  private final VmMethods wishes;

  StreamMethods(
      Vms vms, Images images, Operations operations, OperationMethods watching, VmMethods wishes) {
    this.vms = vms;
    this.images = images;
    this.operations = operations;
    this.watching = watching;
    this.wishes = wishes;
  }

  void addTo(Methods methods) {
    methods.addInteractive(
        StreamApi.EXEC.name(),
        StreamApi.EXEC.params(),
        StreamApi.EXEC.result(),
        (_, wish) -> exec(wish));
    methods.addInteractive(
        StreamApi.RUN.name(), StreamApi.RUN.params(), StreamApi.RUN.result(), this::run);
    methods.addInteractive(
        StreamApi.COPY.name(),
        StreamApi.COPY.params(),
        StreamApi.COPY.result(),
        (_, wish) -> CopySession.begin(vms.guest(wish.vm()), wish));
    VmMethods.add(methods, StreamApi.STAT, (_, wish) -> stat(wish));
  }

  private Upgrade<StreamApi.Running> exec(StreamApi.Exec wish)
      throws BangerException, InterruptedException {
    VmRow row = vms.find(wish.vm());
    ExecStart start = start(row, wish.program());
    return new Upgrade<>(
        running(row), session -> serve(session, row, start, wish.program(), () -> {}));
  }

  /** The VM goes with its command unless it is to be kept: whatever happens on the way. */
  private Upgrade<StreamApi.Running> run(Call call, StreamApi.Run wish)
      throws BangerException, InterruptedException {
    call.interruptWhenClosed();
    Vms.Begun begun =
        vms.create(
            wishes.spec(wish.create(), !wish.keep(), call.peer().user()), true, Optional.empty());
    try {
      OperationStatus end = watching.watch(call, begun.operation());
      if (end.error().isPresent()) {
        throw end.error().get();
      }
      VmRow row = vms.find(begun.id().value());
      ExecStart start = start(row, wish.program());
      return new Upgrade<>(
          running(row),
          session -> {
            try {
              serve(session, row, start, wish.program(), () -> retire(begun, wish));
            } finally {
              retire(begun, wish);
            }
          });
    } catch (BangerException | InterruptedException | RuntimeException e) {
      breakOff(begun, wish);
      throw e;
    }
  }

  /** A program that the guest could not execute is reported where its end would be. */
  private static void serve(
      YamuxSession session,
      VmRow row,
      ExecStart start,
      StreamApi.Program program,
      ExecSession.BeforeReport beforeReport)
      throws BangerException, InterruptedException, IOException {
    switch (start) {
      case ExecStart.Started(GuestExec exec) ->
          new ExecSession(exec, program.stdin() || program.tty()).serve(session, beforeReport);
      case ExecStart.Refused refused -> {
        beforeReport.run();
        try (YamuxStream control = session.accept()) {
          ControlMessage.write(control.output(), new ControlMessage.Failed(reason(row, refused)));
          control.closeOutput();
        }
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
        "check its name, and that it is in the image");
  }

  /** What is begun is cancelled; its VM, if it came to be, goes in the background. */
  private void breakOff(Vms.Begun begun, StreamApi.Run wish) {
    try {
      operations.cancel(begun.operation());
    } catch (BangerException e) {
      LOG.debug("operation {} has ended and is forgotten", begun.operation(), e);
    }
    retire(begun, wish);
  }

  private void retire(Vms.Begun begun, StreamApi.Run wish) {
    if (!wish.keep()) {
      vms.retire(begun.id());
    }
  }

  private ExecStart start(VmRow row, StreamApi.Program program)
      throws BangerException, InterruptedException {
    Guest guest = vms.guest(row.id().value());
    Image image = images.byId(row.source().imageId());
    LOG.debug("vm={} is asked to run {}", row.name(), program.argv());
    return guest.exec(spec(image, program));
  }

  private static ExecSpec spec(Image image, StreamApi.Program program) throws BangerException {
    List<String> argv = program.argv().isEmpty() ? image.command() : program.argv();
    if (argv.isEmpty()) {
      throw new BangerException(
          ErrorCode.INVALID,
          "the image " + image.reference() + " has no default command",
          "write one after --");
    }
    Map<String, String> environment = new LinkedHashMap<>();
    List<String> variables = new ArrayList<>(image.environment());
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
            .environment(environment)
            .directory(program.cwd() == null ? "" : program.cwd())
            .user(program.user() == null ? "" : program.user());
    if (program.tty()) {
      spec.terminal(new TerminalSize(program.rows(), program.columns()));
    } else if (program.stdin()) {
      spec.stdin();
    }
    return spec.build();
  }

  private static StreamApi.Running running(VmRow row) {
    return new StreamApi.Running(row.id().value(), row.name().value());
  }

  private StreamApi.FileStatus stat(StreamApi.Stat wish)
      throws BangerException, InterruptedException {
    FileStatus status = vms.guest(wish.vm()).stat(wish.path(), wish.followLink());
    return FileStatuses.view(status);
  }
}
