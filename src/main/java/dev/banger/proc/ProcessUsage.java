package dev.banger.proc;

import dev.banger.model.BangerException;
import dev.banger.model.ByteSize;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a process takes of the host, as proc(5) tells it; counters count since its start.
 *
 * @param proportional its share of the memory that it shares with others; empty where that is not
 *     shown to us
 * @param io what it moved to and from disks; empty where that is not shown to us
 */
public record ProcessUsage(
    Duration user,
    Duration system,
    ByteSize resident,
    Optional<ByteSize> proportional,
    Optional<DiskTraffic> io,
    int threads) {
  private static final Path PROC = Path.of("/proc");

  /** USER_HZ, in which the kernel tells times to programs, is 100 on x86-64 and aarch64. */
  private static final long TICKS_A_SECOND = 100;

  private static final long PAGE = 4096;

  // Fields of /proc/PID/stat, counted from the state, its third.
  private static final int USER_TIME = 11;
  private static final int SYSTEM_TIME = 12;
  private static final int THREADS = 17;
  private static final int START_TIME = 19;
  private static final int RESIDENT_PAGES = 21;

  /** Bytes that really went to and from block devices. */
  public record DiskTraffic(ByteSize read, ByteSize written) {}

  /** Empty when this very process has ended. */
  public static Optional<ProcessUsage> of(ProcessIdentity process) throws BangerException {
    Path directory = PROC.resolve(Long.toString(process.pid()));
    Optional<String> stat = read(directory.resolve("stat"));
    if (stat.isEmpty() || !process.verify()) {
      return Optional.empty();
    }
    String[] fields = stat.get().substring(stat.get().lastIndexOf(')') + 2).split(" ", -1);
    if (fields.length <= RESIDENT_PAGES || number(fields, START_TIME) != process.startTicks()) {
      return Optional.empty();
    }
    return Optional.of(
        new ProcessUsage(
            ticks(number(fields, USER_TIME)),
            ticks(number(fields, SYSTEM_TIME)),
            new ByteSize(PAGE * number(fields, RESIDENT_PAGES)),
            read(directory.resolve("smaps_rollup"))
                .flatMap(text -> value(text, "Pss:"))
                .map(ByteSize::kib),
            read(directory.resolve("io")).flatMap(ProcessUsage::traffic),
            (int) number(fields, THREADS)));
  }

  private static Optional<DiskTraffic> traffic(String text) {
    Optional<Long> read = value(text, "read_bytes:");
    Optional<Long> written = value(text, "write_bytes:");
    return read.isPresent() && written.isPresent()
        ? Optional.of(new DiskTraffic(new ByteSize(read.get()), new ByteSize(written.get())))
        : Optional.empty();
  }

  /** The first number behind the word that a line begins with. */
  private static Optional<Long> value(String text, String word) {
    return text.lines()
        .filter(line -> line.startsWith(word))
        .map(line -> Long.parseLong(line.substring(word.length()).strip().split("\\s", 2)[0]))
        .findFirst();
  }

  /** Empty when the process has ended, or is not ours to look at. */
  private static Optional<String> read(Path file) {
    try {
      return Optional.of(Files.readString(file, StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static long number(String[] fields, int index) throws BangerException {
    try {
      return Long.parseLong(fields[index]);
    } catch (NumberFormatException e) {
      throw new BangerException(
          ErrorCode.HOST_UNSUPPORTED, "cannot understand /proc/PID/stat", "see proc(5)", e);
    }
  }

  private static Duration ticks(long ticks) {
    return Duration.ofMillis(ticks * 1000 / TICKS_A_SECOND);
  }
}
