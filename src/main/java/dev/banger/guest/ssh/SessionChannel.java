package dev.banger.guest.ssh;

import dev.banger.guest.ExecEnd;
import dev.banger.guest.ExecSpec;
import dev.banger.guest.ExecStart;
import dev.banger.guest.GuestExec;
import dev.banger.guest.GuestStream;
import dev.banger.guest.TerminalSize;
import dev.banger.model.BangerException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.sshd.client.future.OpenFuture;
import org.apache.sshd.common.SshConstants;
import org.apache.sshd.common.channel.Channel;
import org.apache.sshd.common.channel.ChannelFactory;
import org.apache.sshd.common.channel.RequestHandler.Result;
import org.apache.sshd.common.session.Session;
import org.apache.sshd.common.util.buffer.Buffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A session: a shell, a command or the file transfer of the guest's agent. */
final class SessionChannel extends ByteChannel {
  private static final Logger LOG = LoggerFactory.getLogger(SessionChannel.class);
  private static final String SHELL = "/bin/sh";
  private static final String LOGIN_SHELL = "exec \"${SHELL:-/bin/sh}\" -l";
  private static final String COMMAND = "exec \"${SHELL:-/bin/sh}\" -c \"$1\"";
  private static final String VARIABLE = "[A-Za-z_][A-Za-z0-9_]{0,127}";
  private static final int MOST_VARIABLES = 128;
  private static final int LONGEST_VALUE = 32 << 10;
  private static final int MOST_ROWS = 0xFFFF;
  private static final int REFUSED = 126;
  private static final int NOT_FOUND = 127;
  private static final int ROOM = 256;

  private final SshTarget target;
  private final Login login;
  private final AgentForward agent;
  private final Map<String, String> environment = new LinkedHashMap<>();
  private volatile @Nullable TerminalSize terminal;
  private volatile @Nullable GuestProgram program;
  private boolean begun;

  private SessionChannel(SshTarget target, Login login, AgentForward agent) {
    this.target = target;
    this.login = login;
    this.agent = agent;
  }

  static ChannelFactory factory() {
    return new ChannelFactory() {
      @Override
      public String getName() {
        return "session";
      }

      @Override
      public Channel createChannel(Session session) {
        return new SessionChannel(
            SshEndpoint.target(session), SshEndpoint.login(session), AgentForward.of(session));
      }
    };
  }

  @Override
  protected OpenFuture doInit(Buffer request) {
    openStreams();
    return super.doInit(request);
  }

  @Override
  protected Result handleInternalRequest(String type, boolean wantsReply, Buffer request)
      throws IOException {
    return switch (type) {
      case "env" -> accept(variable(request.getString(), request.getString()));
      case "pty-req" -> {
        environment.put("TERM", request.getString());
        terminal = size(request);
        yield Result.ReplySuccess;
      }
      case "window-change" -> {
        resize(size(request));
        yield Result.ReplySuccess;
      }
      case "signal" -> accept(signal(request.getString()));
      case "auth-agent-req@openssh.com" -> accept(agent.wish(service));
      case "shell" -> begin(request, type, wantsReply, () -> run(null));
      case "exec" -> {
        String command = request.getString();
        yield begin(request, type, wantsReply, () -> run(command));
      }
      case "subsystem" ->
          request.getString().equals("sftp")
              ? begin(request, type, wantsReply, this::transfer)
              : Result.ReplyFailure;
      default -> Result.Unsupported;
    };
  }

  private static Result accept(boolean done) {
    return done ? Result.ReplySuccess : Result.ReplyFailure;
  }

  private boolean variable(String name, String value) {
    boolean good =
        name.matches(VARIABLE)
            && !name.equals("SHELL")
            && value.length() <= LONGEST_VALUE
            && value.indexOf('\0') < 0
            && environment.size() < MOST_VARIABLES;
    if (good) {
      environment.put(name, value);
    }
    return good;
  }

  private static TerminalSize size(Buffer request) {
    int columns = request.getInt();
    int rows = request.getInt();
    return new TerminalSize(Math.clamp(rows, 0, MOST_ROWS), Math.clamp(columns, 0, MOST_ROWS));
  }

  private void resize(TerminalSize size) {
    GuestProgram running = program;
    terminal = terminal == null ? null : size;
    if (running != null) {
      running.resize(size);
    }
  }

  private boolean signal(String name) {
    GuestProgram running = program;
    int number = SignalNames.number(name);
    if (running == null || number == 0) {
      return false;
    }
    running.signal(number);
    return true;
  }

  /** What a session is for. */
  private interface Work {
    /** Returns the end of it, for the client. */
    ExecEnd run() throws BangerException, InterruptedException, IOException;
  }

  /** Once a channel. The client has its reply before the work's first byte. */
  private Result begin(Buffer request, String type, boolean wantsReply, Work work)
      throws IOException {
    if (begun) {
      return Result.ReplyFailure;
    }
    begun = true;
    sendResponse(request, type, Result.ReplySuccess, wantsReply);
    Thread.ofVirtual().name("ssh-session").start(() -> serve(work));
    return Result.Replied;
  }

  private void serve(Work work) {
    try {
      finish(work.run());
    } catch (BangerException e) {
      LOG.debug("a session of {} failed", target.name(), e);
      complain(DirectChannel.reason(e), REFUSED);
    } catch (IOException e) {
      LOG.debug("a session of {} lost its client", target.name(), e);
      close(true);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close(true);
    }
  }

  /** What ssh shows, and the status it ends with. */
  private void complain(String what, int status) {
    try {
      tell(what);
      finish(new ExecEnd.Exited(status, 0, 0));
    } catch (IOException e) {
      LOG.debug("a client has gone before it could be told: {}", what, e);
      close(true);
    }
  }

  private void finish(ExecEnd end) throws IOException {
    finishSending();
    switch (end) {
      case ExecEnd.Exited exited -> sendExitStatus(exited.status());
      case ExecEnd.Signalled signalled -> {
        Buffer request = getSession().createBuffer(SshConstants.SSH_MSG_CHANNEL_REQUEST, ROOM);
        request.putUInt(getRecipient());
        request.putString("exit-signal");
        request.putBoolean(false);
        request.putString(SignalNames.name(signalled.signal()));
        request.putBoolean(false);
        request.putString("");
        request.putString("");
        writePacket(request);
      }
    }
    close(false);
  }

  /** A login shell, or a command by the user's shell, or by none where the guest has none. */
  private ExecEnd run(@Nullable String command)
      throws BangerException, InterruptedException, IOException {
    List<String> argv =
        command == null
            ? List.of(SHELL, "-c", LOGIN_SHELL)
            : List.of(SHELL, "-c", COMMAND, SHELL, command);
    ExecStart start = start(argv);
    Optional<List<String>> words = command == null ? Optional.empty() : PlainWords.of(command);
    if (isMissing(start) && words.isPresent()) {
      start = start(words.get());
    } else if (isMissing(start)) {
      return refuse(
          "this guest has no "
              + SHELL
              + ": name a program of it and its arguments, without what only a shell understands",
          NOT_FOUND);
    }
    return switch (start) {
      case ExecStart.Started(GuestExec exec) -> join(exec);
      case ExecStart.Refused refused -> refuse(refused.message(), refused.exitStatus());
    };
  }

  private static boolean isMissing(ExecStart start) {
    return start instanceof ExecStart.Refused refused && refused.exitStatus() == NOT_FOUND;
  }

  private ExecEnd refuse(String why, int status) throws IOException {
    tell(why);
    return new ExecEnd.Exited(status, 0, 0);
  }

  private void tell(String what) throws IOException {
    OutputStream errors = errors();
    errors.write(("banger: " + what + "\n").getBytes(StandardCharsets.UTF_8));
    errors.flush();
  }

  private ExecStart start(List<String> argv) throws BangerException, InterruptedException {
    return login.attempt(user -> target.guest().exec(spec(argv, user)));
  }

  private ExecSpec spec(List<String> argv, String user)
      throws BangerException, InterruptedException {
    Map<String, String> all = new LinkedHashMap<>(target.environment());
    all.putAll(environment);
    Optional<String> socket = agent.socket(user);
    socket.ifPresent(path -> all.put("SSH_AUTH_SOCK", path));
    ExecSpec.Builder spec = ExecSpec.of(argv).environment(all).user(user);
    TerminalSize size = terminal;
    return (size == null ? spec.stdin() : spec.terminal(size)).build();
  }

  private ExecEnd join(GuestExec exec) throws BangerException, InterruptedException {
    TerminalSize size = terminal;
    GuestProgram running =
        new GuestProgram(exec, this, size == null ? new TerminalSize(0, 0) : size);
    program = running;
    if (isClosing()) {
      running.hangUp();
    } else if (size != null) {
      running.resize(size); // of a window that has changed since
    }
    return running.run();
  }

  /** The agent speaks the protocol; nothing in the guest is needed for it. */
  private ExecEnd transfer() throws BangerException, InterruptedException, IOException {
    GuestStream files = login.attempt(target.guest()::sftp);
    Thread.ofVirtual()
        .name("ssh-sftp")
        .start(() -> {
          try {
            copy(received(), files.output());
            files.closeOutput();
          } catch (IOException e) {
            LOG.debug("a file transfer was cut off", e);
            files.reset();
          }
        });
    try {
      copy(files.input(), sent());
      return new ExecEnd.Exited(0, 0, 0);
    } finally {
      files.reset(); // nothing, when both sides have ended already
    }
  }

  @Override
  void ended() {
    super.ended();
    GuestProgram running = program;
    if (running != null) {
      running.hangUp();
    }
  }
}
