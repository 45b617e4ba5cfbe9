package dev.banger.cli;

import dev.banger.api.LogApi;
import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Argument;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(name = "logs", description = "Show a VM's console", generateHelp = true)
final class VmLogs extends ClientCommand {
  private static final int WAIT_MILLIS = 20_000;
  private static final Duration NEXT_DAEMON = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(200);

  @Argument(required = true, paramLabel = "VM", description = "VM: name, id or its beginning")
  String vm = "";

  @Option(
      allowedValues = {"console", "vmm"},
      defaultValue = {"console"},
      description = "console, or vmm: what the VMM itself said")
  String source = "console";

  @Option(hasValue = false, description = "As --source vmm")
  boolean vmm;

  @Option(shortName = 'n', description = "The last so many lines; all when missing")
  @Nullable Integer lines;

  @Option(description = "As --lines")
  @Nullable Integer tail;

  @Option(
      shortName = 'f',
      hasValue = false,
      description = "Go on with what comes, over restarts of the VM and of the daemon")
  boolean follow;

  @Option(description = "Only from then on: a time (2026-11-23T05:00:00Z) or so long ago (10m)")
  @Nullable String since;

  @Option(hasValue = false, description = "Before each line the time when it was written")
  boolean timestamps;

  @Option(hasValue = false, description = "The log of the start before this one")
  boolean previous;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    Integer wanted = lines == null ? tail : lines;
    if (wanted != null && wanted < 1) {
      throw new UsageException("at least one line can be shown, not " + wanted, "");
    }
    if (follow && (previous || json)) {
      throw new UsageException(
          "--follow cannot go with " + (json ? "--json" : "--previous"), "leave one of them out");
    }
    LogApi.Read first = read(null, since == null ? null : instant(since), wanted, 0);
    Client client = connect();
    try {
      LogApi.Part part = client.call(LogApi.READ, first);
      if (json) {
        printJson(part);
        return 0;
      }
      show(part);
      while (follow) {
        try {
          part = client.call(LogApi.READ, read(part.cursor(), null, null, WAIT_MILLIS));
          show(part);
        } catch (BangerException e) {
          client.close();
          client = next(e);
        }
      }
      return 0;
    } finally {
      client.close();
    }
  }

  private LogApi.Read read(
      @Nullable String cursor, @Nullable Long from, @Nullable Integer last, int waitMillis) {
    return new LogApi.Read(
        vm,
        vmm ? "vmm" : source,
        previous,
        cursor,
        from,
        last == null ? 0 : last,
        timestamps,
        waitMillis);
  }

  private static void show(LogApi.Part part) throws BangerException {
    System.out.print(part.text());
    if (System.out.checkError()) {
      throw new BangerException(
          ErrorCode.NO_SPACE, "cannot write the log to stdout", "see where it leads");
    }
  }

  /** A daemon that ended in order is followed by one that others start; else one is started. */
  private Client next(BangerException why) throws BangerException, InterruptedException {
    boolean lost = why.code() == ErrorCode.UNAVAILABLE;
    if (!lost && why.code() != ErrorCode.CANCELLED) {
      throw why;
    }
    BangerException last = why;
    long start = System.nanoTime();
    while (System.nanoTime() - start < NEXT_DAEMON.toNanos()) {
      try {
        Client client = lost ? connect() : Client.connectIfRunning(directories());
        if (client != null) {
          return client;
        }
      } catch (BangerException e) {
        if (e.code() != ErrorCode.UNAVAILABLE) {
          throw e;
        }
        last = e; // it, too, has gone
      }
      Thread.sleep(PAUSE);
    }
    throw last;
  }

  /** Milliseconds since 1970. */
  private static long instant(String text) throws UsageException {
    try {
      if (text.matches("[0-9]+[smhd]")) {
        String unit = text.substring(text.length() - 1).toUpperCase(java.util.Locale.ROOT);
        String period = (unit.equals("D") ? "P" : "PT") + text.substring(0, text.length() - 1);
        return Instant.now().minus(Duration.parse(period + unit)).toEpochMilli();
      }
      return Instant.parse(text).toEpochMilli();
    } catch (DateTimeParseException | ArithmeticException e) {
      throw new UsageException(
          "'" + text + "' is no time", "write 30s, 10m, 2h, 1d or 2026-11-23T05:00:00Z");
    }
  }
}
