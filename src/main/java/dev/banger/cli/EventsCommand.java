package dev.banger.cli;

import dev.banger.api.EventApi;
import dev.banger.model.BangerException;
import dev.banger.model.Durations;
import dev.banger.model.ErrorCode;
import dev.banger.rpc.Wire;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.aesh.command.CommandDefinition;
import org.aesh.command.option.Option;
import org.jspecify.annotations.Nullable;

@CommandDefinition(
    name = "events",
    description = "Show what happened to VMs; with --follow also what happens",
    generateHelp = true)
final class EventsCommand extends ClientCommand {
  private static final Duration RECONNECT_LIMIT = Duration.ofSeconds(60);
  private static final Duration RECONNECT_PAUSE = Duration.ofMillis(250);

  @Option(
      shortName = 'f',
      hasValue = false,
      description = "Go on until ctrl-C, over restarts of the daemon; with --json one event a line")
  boolean follow;

  @Option(
      description =
          "Only what came behind this cursor, or in the last 10m; without it all that is kept, or,"
              + " with --follow, what comes from now on")
  @Nullable String since;

  @Option(description = "Only this VM's: name, id or its beginning")
  @Nullable String vm;

  private final List<EventApi.Event> kept = new ArrayList<>();
  private long cursor = -1;

  @Override
  int run() throws BangerException, UsageException, InterruptedException {
    EventApi.Subscribe wish = wish();
    try (Client client = connect()) {
      EventApi.Position end = client.call(EventApi.SUBSCRIBE, wish, this::heard);
      if (json) {
        printJson(new EventApi.Events(kept, end.cursor()));
      }
      return 0;
    } catch (BangerException e) {
      if (!follow || e.code() != ErrorCode.UNAVAILABLE || cursor < 0) {
        throw e;
      }
      return goOn(e);
    }
  }

  private EventApi.Subscribe wish() throws UsageException {
    if (since == null) {
      return new EventApi.Subscribe(follow ? null : 0L, null, vm, follow);
    }
    if (since.matches("[0-9]{1,18}")) {
      return new EventApi.Subscribe(Long.parseLong(since), null, vm, follow);
    }
    try {
      long ago = Durations.parse("--since", since).toMillis();
      return new EventApi.Subscribe(null, System.currentTimeMillis() - ago, vm, follow);
    } catch (BangerException e) {
      throw new UsageException(String.valueOf(e.getMessage()), "or write a cursor, as 42");
    }
  }

  /** The daemon has gone: the next one, which somebody else starts, knows what came meanwhile. */
  private int goOn(BangerException lost) throws BangerException, InterruptedException {
    long until = System.nanoTime() + RECONNECT_LIMIT.toNanos();
    while (System.nanoTime() < until) {
      try (Client client = Client.connectIfRunning(directories())) {
        if (client != null) {
          var _ =
              client.call(
                  EventApi.SUBSCRIBE, new EventApi.Subscribe(cursor, null, vm, true), this::heard);
        }
      } catch (BangerException e) {
        if (e.code() != ErrorCode.UNAVAILABLE) {
          throw e;
        }
        until = System.nanoTime() + RECONNECT_LIMIT.toNanos();
      }
      TimeUnit.MILLISECONDS.sleep(RECONNECT_PAUSE.toMillis());
    }
    throw new BangerException(
        lost.code(),
        "the daemon went away, and none came for " + RECONNECT_LIMIT.toSeconds() + " s",
        "go on later: banger events --follow --since " + cursor,
        lost);
  }

  private void heard(String method, String params) {
    if (method.equals(EventApi.POSITION)) {
      cursor = Wire.json().type(EventApi.Position.class).fromJson(params).cursor();
    } else if (method.equals(EventApi.EVENT)) {
      EventApi.Event event = Wire.json().type(EventApi.Event.class).fromJson(params);
      cursor = event.cursor();
      show(event);
    }
  }

  private void show(EventApi.Event event) {
    if (json && !follow) {
      kept.add(event);
    } else if (json) {
      printJson(event);
    } else {
      System.out.println(text(event));
    }
  }

  static String text(EventApi.Event event) {
    String from = event.from() == null ? "" : event.from() + " -> ";
    String what = event.to() == null ? event.kind() : from + event.to();
    String reason = event.reason() == null ? "" : ": " + event.reason();
    return "%d  %s  %s  %s%s"
        .formatted(event.cursor(), Instant.ofEpochMilli(event.time()), event.name(), what, reason);
  }
}
