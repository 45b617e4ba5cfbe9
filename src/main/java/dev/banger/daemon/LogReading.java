package dev.banger.daemon;

import dev.banger.api.LogApi;
import dev.banger.model.BangerException;
import dev.banger.model.Directories;
import dev.banger.model.ErrorCode;
import dev.banger.vm.Vms;
import dev.banger.vmm.VmmFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads logs on from a cursor: {@code RUN:OFFSET}. It stays good over turns of the log's halves,
 * restarts of the VM and of the daemon; what was thrown away before it was read is said.
 */
final class LogReading {
  private static final long NANOS_A_MILLI = 1_000_000;
  private static final int LONGEST_WAIT = 30_000;
  private static final int PAUSE = 100;

  private final Vms vms;
  private final Directories directories;

  LogReading(Vms vms, Directories directories) {
    this.vms = vms;
    this.directories = directories;
  }

  LogApi.Part read(LogApi.Read wish) throws BangerException, InterruptedException {
    Cursor cursor = wish.cursor() == null ? null : Cursor.parse(wish.cursor());
    long until = System.nanoTime() + Math.min(wish.waitMillis(), LONGEST_WAIT) * NANOS_A_MILLI;
    while (true) {
      LogApi.Part part = read(wish, cursor);
      boolean waits = cursor != null && part.text().isEmpty() && System.nanoTime() < until;
      if (!waits) {
        return part;
      }
      Thread.sleep(PAUSE);
    }
  }

  private LogApi.Part read(LogApi.Read wish, @Nullable Cursor cursor) throws BangerException {
    Path log = log(wish);
    Path before = VmmFiles.previous(log);
    try {
      LogRun now = LogRun.read(wish.previous() ? before : log);
      if (cursor == null) {
        return begin(wish, now);
      }
      StringBuilder text = new StringBuilder();
      long from = now.begins();
      if (cursor.run().equals(now.name())) {
        from = cursor.offset();
      } else if (now.isEmpty()) {
        return new LogApi.Part("", cursor.toString()); // between two runs
      } else {
        LogRun last = LogRun.read(before);
        if (cursor.run().equals(last.name())) {
          text.append(render(wish, last, cursor.offset(), last.end()));
        }
      }
      long to = Math.max(from, now.wholeEnd());
      text.append(render(wish, now, from, to));
      return new LogApi.Part(text.toString(), new Cursor(now.name(), to).toString());
    } catch (IOException e) {
      throw new BangerException(
          ErrorCode.PERMISSION, "cannot read " + log, "check its permissions", e);
    }
  }

  private Path log(LogApi.Read wish) throws BangerException {
    var id = vms.find(wish.vm()).id();
    VmmFiles files = new VmmFiles(id, directories.vmRun(id), directories.vm(id));
    return switch (wish.source()) {
      case "console" -> files.console();
      case "vmm" -> files.errors();
      default ->
          throw new BangerException(
              ErrorCode.INVALID,
              "there is no log '" + wish.source() + "'",
              "choose console or vmm");
    };
  }

  private static LogApi.Part begin(LogApi.Read wish, LogRun log) {
    long from = wish.since() == null ? log.begins() : log.since(wish.since() * NANOS_A_MILLI);
    if (wish.lines() > 0) {
      from = log.lastLines(wish.lines(), from);
    }
    long to = Math.max(from, log.wholeEnd());
    return new LogApi.Part(render(wish, log, from, to), new Cursor(log.name(), to).toString());
  }

  private static String render(LogApi.Read wish, LogRun log, long from, long to) {
    StringBuilder text = new StringBuilder();
    if (from < log.begins()) {
      text.append("\n[banger: ")
          .append(log.begins() - from)
          .append(" bytes were thrown away before they were read]\n");
      from = log.begins();
    }
    if (from >= to) {
      return text.toString();
    }
    if (!wish.timestamps()) {
      return text.append(log.text(from, to)).toString();
    }
    for (long start = from; start < to; ) {
      long end = start;
      do {
        end++;
      } while (end < to && !log.beginsLine(end));
      if (log.beginsLine(start)) {
        text.append(time(log.written(start))).append(' ');
      }
      text.append(log.text(start, end));
      start = end;
    }
    return text.toString();
  }

  /** As wide for a line whose time is not known. */
  private static String time(@Nullable Long nanos) {
    if (nanos == null) {
      return "-".repeat(24);
    }
    Instant time = Instant.ofEpochMilli(nanos / NANOS_A_MILLI).truncatedTo(ChronoUnit.MILLIS);
    String text = time.toString();
    return text.length() == 20 ? text.replace("Z", ".000Z") : text;
  }

  /** A place in a log. */
  private record Cursor(String run, long offset) {
    static Cursor parse(String text) throws BangerException {
      if (!text.matches("[0-9]{1,20}:[0-9]{1,18}")) {
        throw new BangerException(
            ErrorCode.INVALID,
            "'" + text + "' is no place in a log",
            "give the cursor that vm.logs.read answered");
      }
      int colon = text.indexOf(':');
      return new Cursor(text.substring(0, colon), Long.parseLong(text.substring(colon + 1)));
    }

    @Override
    public String toString() {
      return run + ":" + offset;
    }
  }
}
