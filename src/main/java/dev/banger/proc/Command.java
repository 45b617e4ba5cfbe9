package dev.banger.proc;

import dev.banger.journal.Journal;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A program to run once, to its end, in a session of its own. An interrupt or the time limit kills
 * everything it started. Messages are in English: LC_ALL is C.UTF-8. Belongs to one thread, which
 * is also the one that calls the listeners.
 */
public final class Command {
  /** What {@link Finished#output} holds at most when nothing else is said. */
  public static final int CAPTURE_LIMIT = 1 << 20;

  private static final Tool SETSID = new Tool("setsid", "util-linux");
  private static final int LAST_ERRORS = 12;
  private static final Duration TICK = Duration.ofMillis(200);
  private static final int PIPE_TICKS = 5;

  private final Binaries binaries;
  private final Tool tool;
  private final List<String> arguments = new ArrayList<>();
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final StringBuilder captured = new StringBuilder();
  private final Deque<String> lastErrors = new ArrayDeque<>();
  private @Nullable Path directory;
  private @Nullable InputStream input;
  private @Nullable Consumer<String> onOutput;
  private @Nullable Consumer<String> onError;
  private Duration limit = Duration.ofMinutes(5);
  private Duration grace = Duration.ofSeconds(1);
  private int captureLimit = CAPTURE_LIMIT;

  private Command(Binaries binaries, Tool tool) {
    this.binaries = binaries;
    this.tool = tool;
  }

  public static Command of(Binaries binaries, Tool tool, String... arguments) {
    return new Command(binaries, tool).with(arguments);
  }

  public Command with(String... more) {
    return with(List.of(more));
  }

  public Command with(List<String> more) {
    arguments.addAll(more);
    return this;
  }

  /** Added to banger's own environment. */
  public Command environment(String name, String value) {
    environment.put(name, value);
    return this;
  }

  public Command directory(Path path) {
    directory = path;
    return this;
  }

  /** Read to its end and closed; without it standard input is empty. */
  public Command input(InputStream stream) {
    input = stream;
    return this;
  }

  /** Takes standard output line by line instead of capturing it. */
  public Command onOutput(Consumer<String> listener) {
    onOutput = listener;
    return this;
  }

  /** Takes standard error line by line; the last lines are kept all the same. */
  public Command onError(Consumer<String> listener) {
    onError = listener;
    return this;
  }

  /** Output past this many characters is an error. */
  public Command captureLimit(int characters) {
    captureLimit = characters;
    return this;
  }

  /** How long it may run; 5 minutes when nothing is said. */
  public Command limit(Duration duration) {
    limit = duration;
    return this;
  }

  /** How long it may clean up after SIGTERM, before SIGKILL; 1 second when nothing is said. */
  public Command grace(Duration duration) {
    grace = duration;
    return this;
  }

  /** As {@link #run}, but any status except 0 is a failure that says what was tried. */
  public Finished run(ErrorCode code, String tried, String hint)
      throws BangerException, InterruptedException {
    return run().orThrow(code, tried, hint);
  }

  /** Runs it; throws TIMEOUT at the limit, HOST_UNSUPPORTED when the program is missing. */
  public Finished run() throws BangerException, InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException("before " + tool.name() + " was started");
    }
    long deadline = System.nanoTime() + limit.toNanos();
    Process process = start();
    OutputLines lines = new OutputLines();
    try {
      lines.read(OutputLines.Source.OUTPUT, process.getInputStream());
      lines.read(OutputLines.Source.ERROR, process.getErrorStream());
      feed(process);
      takeLines(process, lines, deadline);
      if (!process.waitFor(Duration.ofNanos(deadline - System.nanoTime()))) {
        throw timeout();
      }
      return new Finished(
          tool.name(), process.exitValue(), captured.toString(), List.copyOf(lastErrors));
    } finally {
      // After its end too: the JDK may end its streams with it, whoever else holds them.
      new ProcessTree(process.toHandle()).kill(grace);
      lines.abandon();
      close(process);
    }
  }

  private Process start() throws BangerException {
    List<String> line = new ArrayList<>();
    line.add(binaries.find(SETSID).toString());
    line.add(binaries.find(tool).toString());
    line.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(line);
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().put("PATH", binaries.path());
    if (Journal.OPERATION.isBound()) {
      builder.environment().put(Programs.MARK, Journal.OPERATION.get());
    }
    builder.environment().putAll(environment);
    if (directory != null) {
      builder.directory(directory.toFile());
    }
    try {
      return builder.start();
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot start " + line.get(1), "see the cause", e);
    }
  }

  /** A program that ends without reading its input is no error. */
  private void feed(Process process) {
    InputStream source = input == null ? InputStream.nullInputStream() : input;
    Thread.ofVirtual()
        .name("feed " + tool.name())
        .start(() -> {
          try (source;
              OutputStream sink = process.getOutputStream()) {
            source.transferTo(sink);
          } catch (IOException e) {
            // It has closed its standard input, or has ended.
          }
        });
  }

  /** Until both streams have ended. A left-over child that keeps them open is killed. */
  private void takeLines(Process process, OutputLines lines, long deadline)
      throws BangerException, InterruptedException {
    int open = 2;
    int quietTicks = 0;
    while (open > 0) {
      switch (lines.poll(TICK)) {
        case OutputLines.End _ -> open--;
        case OutputLines.Line line -> take(line.source(), line.text());
        case null -> {
          if (!process.isAlive() && ++quietTicks > PIPE_TICKS) {
            new ProcessTree(process.toHandle()).kill(grace);
            return;
          }
        }
      }
      if (System.nanoTime() - deadline > 0) {
        throw timeout();
      }
    }
  }

  private void take(OutputLines.Source source, String text) throws BangerException {
    switch (source) {
      case OUTPUT -> {
        if (onOutput != null) {
          onOutput.accept(text);
        } else {
          capture(text);
        }
      }
      case ERROR -> {
        lastErrors.add(text);
        if (lastErrors.size() > LAST_ERRORS) {
          lastErrors.remove();
        }
        if (onError != null) {
          onError.accept(text);
        }
      }
    }
  }

  private void capture(String text) throws BangerException {
    if (captured.length() + text.length() >= captureLimit) {
      throw new BangerException(
          ErrorCode.INTERNAL,
          tool.name() + " wrote more than " + captureLimit + " characters",
          "report this as a mistake in banger");
    }
    captured.append(text).append('\n');
  }

  private BangerException timeout() {
    String last = lastErrors.isEmpty() ? "" : ": " + lastErrors.getLast();
    return new BangerException(
        ErrorCode.TIMEOUT,
        tool.name() + " did not end within " + limit.toSeconds() + " s",
        "try again; it was killed with everything it had started" + last);
  }

  private static void close(Process process) {
    try {
      process.getInputStream().close();
      process.getErrorStream().close();
    } catch (IOException e) {
      // Nothing is left to read.
    }
  }
}
