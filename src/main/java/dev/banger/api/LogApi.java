package dev.banger.api;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/** The logs of a VM, read on from where one was. */
public final class LogApi {
  private LogApi() {}

  /**
   * What of a log to read.
   *
   * @param source console or vmm
   * @param previous of the start before this one
   * @param cursor from there on, as an answer before gave it; then since and lines count for
   *     nothing
   * @param since milliseconds since 1970: only what was written from then on
   * @param lines the last so many; 0: all
   * @param timestamps before each line when it was written
   * @param waitMillis with a cursor: how long to wait for something new, at most 30,000
   */
  @Json
  public record Read(
      String vm,
      String source,
      boolean previous,
      @Nullable String cursor,
      @Nullable Long since,
      int lines,
      boolean timestamps,
      int waitMillis) {}

  /**
   * A part of a log.
   *
   * @param cursor where the next part begins, also after a restart of the VM or of the daemon
   */
  @Json
  public record Part(String text, String cursor) {}

  public static final Method<Read, Part> READ =
      Method.call("vm.logs.read", Read.class, Part.class, "A part of a log, and where it goes on");
}
