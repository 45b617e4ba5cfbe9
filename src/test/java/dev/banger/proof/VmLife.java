package dev.banger.proof;

import static java.util.Map.entry;

import dev.banger.api.EventApi;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The story that the events of one VM can tell: what may follow what, from creating to deleted. */
final class VmLife {
  static final String NONE = "";
  static final String DELETED = "deleted";

  /** Its VMM runs. */
  static final Set<String> UP = Set.of("running", "unresponsive", "paused");

  /** What comes next to one that is up and ends. */
  static final Set<String> ENDS = Set.of("stopping", "stopped", "failed", "deleting");

  private static final Set<String> DOWN = Set.of("stopped", "failed");
  private static final Map<String, Set<String>> NEXT =
      Map.ofEntries(
          entry(NONE, Set.of("creating")),
          entry("creating", Set.of("created", "starting", "deleting")),
          entry("created", Set.of("starting", "deleting")),
          entry("starting", Set.of("running", "failed", "creating", "created", "stopped")),
          entry(
              "running",
              Set.of("unresponsive", "paused", "stopping", "stopped", "failed", "deleting")),
          entry(
              "unresponsive",
              Set.of("running", "paused", "stopping", "stopped", "failed", "deleting")),
          entry(
              "paused",
              Set.of("running", "unresponsive", "stopping", "stopped", "failed", "deleting")),
          entry("stopping", Set.of("stopped", "running")),
          entry("stopped", Set.of("starting", "deleting")),
          entry("failed", Set.of("starting", "deleting")),
          entry("deleting", Set.of(DELETED)),
          entry(DELETED, Set.of()));

  private String state = NONE;
  private String name = "";

  String state() {
    return state;
  }

  String name() {
    return name;
  }

  boolean isThere() {
    return !state.equals(NONE) && !state.equals(DELETED);
  }

  /** Goes on by one event; what is wrong with it, or empty. */
  String follow(EventApi.Event event) {
    if (event.kind().equals("state")) {
      return move(event);
    }
    boolean may =
        switch (event.kind()) {
          case "reaper" -> true; // also about one that is gone
          case "changed" -> isThere() && !state.equals("deleting");
          case "policy" -> isThere();
          case "restart-scheduled", "restart-cancelled" -> DOWN.contains(state);
          default -> false;
        };
    if (!may) {
      return event.kind() + " of a VM that is " + told(state);
    }
    return event.kind().equals("reaper") ? "" : checkName(event);
  }

  private String move(EventApi.Event event) {
    String from = text(event.from());
    String to = text(event.to());
    String before = state;
    state = to;
    if (!from.equals(before)) {
      return "goes from " + told(from) + ", and it was " + told(before);
    }
    if (!NEXT.getOrDefault(from, Set.of()).contains(to)) {
      return "goes from " + told(from) + " to " + told(to) + ", which cannot be";
    }
    if (from.equals(NONE)) {
      name = event.name();
    }
    return checkName(event);
  }

  private String checkName(EventApi.Event event) {
    return event.name().equals(name) ? "" : "is told of " + event.name() + ", and was " + name;
  }

  private static String text(@Nullable String state) {
    return state == null ? NONE : state;
  }

  private static String told(String state) {
    return state.equals(NONE) ? "not there" : state;
  }
}
