package dev.banger.proof;

import dev.banger.api.EventApi;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The log of events, replayed: each VM's is a life that a VM can have ({@link VmLife}), and all
 * that clients were told at any time is what the log says of that time.
 */
final class EventReplay {
  /** Between the moment that a change is written, and so heard of, and that it is seen. */
  private static final long SEEN_MILLIS = 500;

  private static final int MOST = 30;

  /** An event, and when a client had it, in ms since 1970. */
  record Heard(EventApi.Event event, long at) {}

  /**
   * What a client was told.
   *
   * @param asked, answered when, in ms since 1970
   * @param states by the VM's id
   * @param all of every VM that was there
   */
  record Answer(long asked, long answered, Map<String, String> states, boolean all) {}

  /** How often something must have come to be. */
  record Times(int least, int most) {}

  /**
   * How long it was something.
   *
   * @param from it was not so before
   * @param until it was not so later
   * @param next what it was then
   */
  private record Span(String state, long from, long until, String next) {
    boolean meets(Answer answer) {
      return from <= answer.answered() && until >= answer.asked();
    }

    /** One whose VMM has just ended is shown as stopping before its end is written. */
    boolean mayBeShownAs(String shown) {
      return shown.equals(state)
          || (shown.equals("stopping") && VmLife.UP.contains(state) && VmLife.ENDS.contains(next));
    }
  }

  private static final class Track {
    private final VmLife life = new VmLife();
    private final List<Heard> heard = new ArrayList<>();
    private final List<Span> spans = new ArrayList<>();

    void add(Heard next) {
      if (next.event().kind().equals("state")) {
        closeSpan(next, String.valueOf(next.event().to()));
        spans.add(
            new Span(String.valueOf(next.event().to()), next.event().time(), Long.MAX_VALUE, ""));
      }
      heard.add(next);
    }

    private void closeSpan(Heard next, String to) {
      if (!spans.isEmpty()) {
        Span last = spans.removeLast();
        long until = Math.max(next.event().time(), next.at()) + SEEN_MILLIS;
        spans.add(new Span(last.state(), last.from(), until, to));
      }
    }

    boolean mayBeShownAs(String state, Answer answer) {
      return spans.stream().anyMatch(span -> span.meets(answer) && span.mayBeShownAs(state));
    }

    /** It was there all the time from the question to the answer, and seen to be. */
    boolean mustBeShown(Answer answer) {
      boolean before = !heard.isEmpty() && heard.getFirst().at() + SEEN_MILLIS < answer.asked();
      boolean ended =
          heard.stream()
              .anyMatch(h ->
                  VmLife.DELETED.equals(h.event().to()) && h.event().time() <= answer.answered());
      return before && !ended && !spans.isEmpty();
    }
  }

  private final List<String> lies = new ArrayList<>();
  private final Map<String, Track> tracks = new LinkedHashMap<>();
  private final Map<String, String> names = new HashMap<>();
  private final List<EventApi.Event> log = new ArrayList<>();
  private long cursor;

  /** Of all that was heard, in the order in which it came. */
  EventReplay(List<Heard> all) {
    all.forEach(this::replay);
  }

  private void replay(Heard heard) {
    EventApi.Event event = heard.event();
    log.add(event);
    Track track = tracks.computeIfAbsent(event.vm(), _ -> new Track());
    boolean wasThere = track.life.isThere();
    String wrong = track.life.follow(event);
    track.add(heard);
    if (event.cursor() <= cursor) {
      lie(event.vm(), "the event " + event.cursor() + " came behind the event " + cursor);
    }
    cursor = Math.max(cursor, event.cursor());
    if (!wrong.isEmpty()) {
      lie(event.vm(), "the event " + event.cursor() + " " + wrong);
    }
    name(event.vm(), track.life, wasThere);
  }

  /** Two VMs have no name together. */
  private void name(String vm, VmLife life, boolean wasThere) {
    if (!wasThere && life.isThere()) {
      String other = names.put(life.name(), vm);
      if (other != null) {
        lie(vm, "has the name of " + other + ", which is there too");
      }
    } else if (wasThere && !life.isThere()) {
      boolean _ = names.remove(life.name(), vm);
    }
  }

  /** What is kept must be what was heard, from the oldest kept one on. */
  void requireKept(List<EventApi.Event> kept) {
    if (kept.isEmpty()) {
      return;
    }
    List<EventApi.Event> tail =
        log.stream()
            .filter(e -> e.cursor() >= kept.getFirst().cursor())
            .filter(e -> e.cursor() <= kept.getLast().cursor())
            .toList();
    firstMissing(kept, tail)
        .ifPresent(
            e -> lie(e.vm(), "the event " + e.cursor() + " is kept and was not heard: " + e));
    firstMissing(tail, kept)
        .ifPresent(
            e -> lie(e.vm(), "the event " + e.cursor() + " was heard and is not kept: " + e));
    if (kept.size() != tail.size()) {
      lie("", kept.size() + " events are kept from there on, " + tail.size() + " were heard");
    }
  }

  private static Optional<EventApi.Event> firstMissing(
      List<EventApi.Event> all, List<EventApi.Event> among) {
    Set<EventApi.Event> there = new HashSet<>(among);
    return all.stream().filter(event -> !there.contains(event)).findFirst();
  }

  void require(Answer answer) {
    answer
        .states()
        .forEach((vm, state) -> {
          Track track = tracks.get(vm);
          if (track == null) {
            lie(vm, "was shown as " + state + ", and no event tells of it");
          } else if (!track.mayBeShownAs(state, answer)) {
            lie(vm, "was shown as " + state + when(answer) + ", which it was not then");
          }
        });
    if (answer.all()) {
      tracks.forEach((vm, track) -> {
        if (!answer.states().containsKey(vm) && track.mustBeShown(answer)) {
          lie(vm, "was there and not in the list" + when(answer));
        }
      });
    }
  }

  private static String when(Answer answer) {
    return " from " + answer.asked() + " to " + answer.answered();
  }

  /** While all is quiet: the last event of each VM says what it is, by its id. */
  void requireLast(Map<String, String> states) {
    Map<String, String> last =
        tracks.entrySet().stream()
            .filter(track -> track.getValue().life.isThere())
            .collect(Collectors.toMap(Map.Entry::getKey, track -> track.getValue().life.state()));
    states.forEach((vm, state) -> {
      if (!state.equals(last.get(vm))) {
        lie(vm, "is " + state + " in the end, and its last event says " + last.get(vm));
      }
    });
    last.forEach((vm, state) -> {
      if (!states.containsKey(vm)) {
        lie(vm, "is not there in the end, and its last event says " + state);
      }
    });
  }

  /** By a word of its detail: how often {@code vm set} has changed something. */
  void requireChanges(Map<String, Times> changes) {
    Map<String, Integer> found = new HashMap<>();
    for (EventApi.Event event : log) {
      if (event.kind().equals("changed")) {
        for (String word : String.valueOf(event.detail()).split(" ", -1)) {
          found.merge(word, 1, Integer::sum);
        }
      }
    }
    changes.forEach((word, times) -> {
      int count = found.getOrDefault(word, 0);
      if (count < times.least() || count > times.most()) {
        lie("", "the change " + word + " is told " + count + " times, should be " + times);
      }
    });
  }

  private void lie(String vm, String what) {
    if (lies.size() < MOST) {
      lies.add("vm=" + vm + " " + what + log(vm));
    }
  }

  /** All that was told of a VM. */
  private String log(String vm) {
    Track track = tracks.get(vm);
    return track == null
        ? ""
        : track.heard.stream()
            .map(h -> "\n    heard " + h.at() + ": " + h.event())
            .collect(Collectors.joining());
  }

  int events() {
    return log.size();
  }

  List<String> lies() {
    return List.copyOf(lies);
  }
}
