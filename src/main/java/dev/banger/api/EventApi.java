package dev.banger.api;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What happens to VMs, from any moment on, without loss. */
public final class EventApi {
  private EventApi() {}

  /**
   * From where, and how long.
   *
   * @param cursor events behind this one; 0: all that are kept; absent: by {@code sinceMillis}
   * @param sinceMillis events since this time (ms since 1970); absent as well: only what happens
   *     from now on
   * @param vm name or id of the one VM whose events are wanted; absent: of all
   * @param follow false: reply when all that has happened is sent
   */
  @Json
  public record Subscribe(
      @Nullable Long cursor, @Nullable Long sinceMillis, @Nullable String vm, boolean follow) {}

  /**
   * Body of the notification {@link #EVENT}: one thing that happened.
   *
   * @param cursor grows; to go on behind this event
   * @param vm id; the VM may be gone
   * @param name the VM's at that time
   * @param kind state, restart-scheduled, restart-cancelled, changed, policy, reaper
   * @param from the state before, of kind state; absent: the VM was not there
   * @param to the state after, of kind state; {@code deleted}: the VM is gone
   * @param reason why, for people
   * @param detail more, as K=V words
   */
  @Json
  public record Event(
      long cursor,
      long time,
      String vm,
      String name,
      String kind,
      @Nullable String from,
      @Nullable String to,
      @Nullable String reason,
      @Nullable String detail) {}

  /**
   * Body of the notification {@link #POSITION}, sent first and now and then while nothing happens;
   * also the reply.
   *
   * @param cursor everything up to it that was asked for has been sent
   */
  @Json
  public record Position(long cursor) {}

  /** What {@code banger events --json} prints. */
  @Json
  public record Events(List<Event> events, long cursor) {}

  public static final String EVENT = "events.event";
  public static final String POSITION = "events.position";

  public static final Method<Subscribe, Position> SUBSCRIBE =
      Method.watch(
          "events.subscribe",
          Subscribe.class,
          Position.class,
          "Send events from a cursor on, as notifications events.event and events.position");
}
