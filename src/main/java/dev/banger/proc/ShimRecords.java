package dev.banger.proc;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** What banger-shim wrote down about a program: its start, and, once it has ended, its end. */
public final class ShimRecords {
  private static final String START = "vmm";
  private static final String END = "exit";
  private static final int RECORD_LIMIT = 4096;
  private static final long NANOS_A_SECOND = 1_000_000_000L;

  private ShimRecords() {}

  /** Who runs; neither needs to run any more. */
  public record Started(ProcessIdentity program, ProcessIdentity shim) {}

  /**
   * How it ended: {@code number} is the exit status, or the signal that ended it.
   *
   * @param time when the shim saw the end
   */
  public record Ended(boolean signalled, int number, Instant time) {}

  /** Empty when nothing was started here. */
  public static Optional<Started> started(Path directory) throws BangerException {
    return read(directory.resolve(START), ShimRecords::started);
  }

  /** Empty while it runs, and for ever when the shim was killed. */
  public static Optional<Ended> ended(Path directory) throws BangerException {
    return read(directory.resolve(END), ShimRecords::ended);
  }

  /** Removes the records; there may be none. */
  public static void remove(Path directory) throws IOException {
    for (String name : new String[] {END, START, "." + END + ".new", "." + START + ".new"}) {
      Files.deleteIfExists(directory.resolve(name));
    }
  }

  private static Started started(Map<String, String> fields) {
    String boot = fields.getOrDefault("boot", "");
    return new Started(
        identity(fields, "pid", "start", boot), identity(fields, "shim", "shim-start", boot));
  }

  private static ProcessIdentity identity(
      Map<String, String> fields, String pid, String start, String boot) {
    return new ProcessIdentity(number(fields, pid), number(fields, start), boot, "");
  }

  private static Ended ended(Map<String, String> fields) {
    boolean signalled = fields.containsKey("signal");
    long nanos = number(fields, "time");
    return new Ended(
        signalled,
        Math.toIntExact(number(fields, signalled ? "signal" : "status")),
        Instant.ofEpochSecond(nanos / NANOS_A_SECOND, nanos % NANOS_A_SECOND));
  }

  private static <T> Optional<T> read(Path file, Function<Map<String, String>, T> parse)
      throws BangerException {
    try {
      if (Files.size(file) > RECORD_LIMIT) {
        throw corrupt(file, new IOException("it is longer than " + RECORD_LIMIT + " bytes"));
      }
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      return Optional.of(parse.apply(fields(text)));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | ArithmeticException | IllegalArgumentException e) {
      throw corrupt(file, e);
    }
  }

  /** The words {@code NAME=VALUE} of one line. */
  static Map<String, String> fields(String line) {
    Map<String, String> fields = new HashMap<>();
    for (String word : line.strip().split(" ", -1)) {
      int equals = word.indexOf('=');
      if (equals > 0) {
        fields.put(word.substring(0, equals), word.substring(equals + 1));
      }
    }
    return fields;
  }

  static long number(Map<String, String> fields, String name) {
    String value = fields.get(name);
    if (value == null) {
      throw new IllegalArgumentException("'" + name + "=' is missing");
    }
    return Long.parseLong(value);
  }

  private static BangerException corrupt(Path file, Exception cause) {
    return new BangerException(
        ErrorCode.CORRUPT,
        "cannot read the shim's record " + file,
        "delete it when its VM does not run",
        cause);
  }
}
