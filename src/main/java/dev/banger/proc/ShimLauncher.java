package dev.banger.proc;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Starts programs under banger-shim, in a session of their own: they outlive the daemon and never
 * see a signal of its terminal.
 */
public final class ShimLauncher {
  public static final Tool SHIM = new Tool("banger-shim", "banger");

  private static final int LINE_LIMIT = 8192;
  private static final int QUOTED = 200;
  private static final Redirect NULL_INPUT = Redirect.from(Path.of("/dev/null").toFile());

  private final Binaries binaries;
  private final ServiceStop stop;

  public ShimLauncher(Binaries binaries) {
    this(binaries, ServiceStop.here(binaries));
  }

  ShimLauncher(Binaries binaries, ServiceStop stop) {
    this.binaries = binaries;
    this.stop = stop;
  }

  /** Returns when the program was executed; when that fails nothing is left. */
  public ShimRecords.Started launch(ShimCommand command, Duration limit)
      throws BangerException, InterruptedException {
    Process shim = start(command);
    boolean launched = false;
    try {
      String answer = answer(shim, limit);
      ShimRecords.Started started = read(answer, shim.pid(), command);
      launched = true;
      return started;
    } finally {
      if (!launched) {
        new ProcessTree(shim.toHandle()).kill(Duration.ZERO);
      }
    }
  }

  /** The shims that run for this directory, whether they wrote that down or not. */
  public static List<ProcessIdentity> shimsOf(Path directory) throws BangerException {
    List<ProcessIdentity> shims = new ArrayList<>();
    for (ProcessHandle process : Programs.having("cmdline", "--dir\0" + directory)) {
      ProcessIdentity.of(process.pid()).ifPresent(shims::add);
    }
    return shims;
  }

  private Process start(ShimCommand command) throws BangerException {
    Path shim = binaries.find(SHIM);
    ProcessBuilder builder = new ProcessBuilder(command.line(shim));
    builder.redirectInput(NULL_INPUT).redirectError(Redirect.DISCARD);
    builder.environment().clear();
    builder.environment().put("PATH", binaries.path());
    if (stop instanceof ServiceStop.Scoped scoped) {
      // systemd-run becomes the shim, and what it has to say if it fails is the first line.
      builder.command().addAll(0, scoped.words(command.scope()));
      builder.environment().putAll(scoped.environment());
      builder.redirectErrorStream(true);
    }
    try {
      return builder.start();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED,
          "cannot execute " + shim,
          "it must be an executable file for this machine",
          e);
    }
  }

  /** A read of a pipe cannot be interrupted: a thread of its own does it. */
  private static String answer(Process shim, Duration limit)
      throws BangerException, InterruptedException {
    BlockingQueue<String> answers = new ArrayBlockingQueue<>(1);
    Thread.ofVirtual().name("shim-" + shim.pid()).start(() -> answers.add(firstLine(shim)));
    String answer = answers.poll(limit.toNanos(), TimeUnit.NANOSECONDS);
    if (answer == null) {
      throw new BangerException(
          ErrorCode.TIMEOUT,
          "banger-shim did not start its program within " + limit.toMillis() + " ms",
          "the host may be overloaded, or a disk may hang; try again");
    }
    return answer;
  }

  /** Empty when there is none. */
  private static String firstLine(Process shim) {
    try (Reader reader =
        new BufferedReader(
            new InputStreamReader(shim.getInputStream(), StandardCharsets.UTF_8), 1024)) {
      StringBuilder line = new StringBuilder();
      for (int next = reader.read();
          next >= 0 && next != '\n' && line.length() < LINE_LIMIT;
          next = reader.read()) {
        line.append((char) next);
      }
      return line.toString();
    } catch (IOException e) {
      return "";
    }
  }

  private static ShimRecords.Started read(String answer, long shim, ShimCommand command)
      throws BangerException {
    if (answer.startsWith("ready ")) {
      Map<String, String> fields = ShimRecords.fields(answer);
      try {
        return new ShimRecords.Started(
            identity(ShimRecords.number(fields, "pid"), ShimRecords.number(fields, "start")),
            identity(shim, ShimRecords.number(fields, "shim-start")));
      } catch (IllegalArgumentException e) {
        throw failure("", quote(answer), command);
      }
    }
    if (!answer.startsWith("error ")) {
      throw failure("", answer.isEmpty() ? "it ended without a word" : quote(answer), command);
    }
    String[] words = answer.split(" ", 3);
    throw failure(words[1], words.length == 3 ? words[2] : "it does not say why", command);
  }

  private static String quote(String answer) {
    String text = answer.replaceAll("\\p{Cntrl}", "?");
    return "it said '" + text.substring(0, Math.min(text.length(), QUOTED)) + "'";
  }

  /** The executable is known only while it runs: one that has ended already has none. */
  private static ProcessIdentity identity(long pid, long start) throws BangerException {
    ProcessIdentity known = new ProcessIdentity(pid, start, ProcessIdentity.currentBootId(), "");
    Optional<ProcessIdentity> now = ProcessIdentity.of(pid);
    return now.filter(p -> p.startTicks() == start).orElse(known);
  }

  /**
   * @param code the shim's word for what failed
   */
  private static BangerException failure(String code, String message, ShimCommand command) {
    boolean space = message.contains("No space left") || message.contains("Cannot allocate");
    ErrorCode kind =
        space
            ? ErrorCode.NO_SPACE
            : code.equals("listen") && message.contains("another program")
                ? ErrorCode.IN_USE
                : ErrorCode.VMM_FAILED;
    return new BangerException(
        kind,
        "banger-shim cannot start a program in " + command.directory() + ": " + message,
        space ? "free some space or memory" : "",
        null);
  }
}
