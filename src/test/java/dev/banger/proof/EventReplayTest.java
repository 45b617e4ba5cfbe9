package dev.banger.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.banger.api.EventApi;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The checker of storms finds a lie that was put into a log, and none in a true one. */
class EventReplayTest {
  private static final String VM = "0123456789ab";
  private static final String OTHER = "ba9876543210";
  private static final long SECOND = 1_000;

  private final List<EventReplay.Heard> log = new ArrayList<>();

  /** One event a second, each heard at once. */
  private void told(String vm, String name, String kind, String from, String to, String detail) {
    long cursor = log.size() + 1L;
    log.add(
        new EventReplay.Heard(
            new EventApi.Event(
                cursor,
                cursor * SECOND,
                vm,
                name,
                kind,
                from.isEmpty() ? null : from,
                to.isEmpty() ? null : to,
                null,
                detail.isEmpty() ? null : detail),
            cursor * SECOND));
  }

  private void moved(String vm, String name, String... states) {
    for (int i = 1; i < states.length; i++) {
      told(vm, name, "state", states[i - 1], states[i], "");
    }
  }

  /** Made at 1 s, running from 3 s on, stopped at 5 s, gone at 7 s. */
  private void aWholeLife() {
    moved(
        VM,
        "web",
        "",
        "creating",
        "starting",
        "running",
        "stopping",
        "stopped",
        "deleting",
        "deleted");
  }

  private EventReplay replay() {
    return new EventReplay(log);
  }

  private static EventReplay.Answer shown(long from, long to, Map<String, String> states) {
    return new EventReplay.Answer(from * SECOND, to * SECOND, states, true);
  }

  private List<String> liesAbout(EventReplay.Answer answer) {
    EventReplay replay = replay();
    replay.require(answer);
    return replay.lies();
  }

  private List<EventApi.Event> events() {
    return log.stream().map(EventReplay.Heard::event).toList();
  }

  @Test
  void aTrueLogHasNoLies() {
    aWholeLife();
    moved(OTHER, "web", "", "creating", "created", "starting", "running");
    told(OTHER, "web", "changed", "", "", "cpus=2 label-round=7");
    moved(OTHER, "web", "running", "failed");
    told(OTHER, "web", "restart-scheduled", "", "", "count=1 pause=100");
    told(VM, VM, "reaper", "", "", "");
    EventReplay replay = replay();
    replay.requireKept(events());
    replay.requireKept(events().subList(4, 9));
    replay.requireLast(Map.of(OTHER, "failed"));
    replay.requireChanges(
        Map.of(
            "label-round=7", new EventReplay.Times(1, 1),
            "label-round=8", new EventReplay.Times(0, 1)));
    replay.require(shown(2, 3, Map.of(VM, "starting")));
    replay.require(shown(2, 3, Map.of(VM, "running")));
    replay.require(shown(9, 9, Map.of(OTHER, "created")));
    assertThat(replay.lies()).isEmpty();
  }

  @Test
  void aLostEventIsFound() {
    aWholeLife();
    List<EventApi.Event> whole = events();
    log.remove(3);
    assertThat(replay().lies())
        .singleElement()
        .asString()
        .contains("goes from stopping, and it was running", "web");
    EventReplay replay = replay();
    replay.requireKept(whole);
    assertThat(replay.lies()).asString().contains("4 is kept and was not heard");
  }

  @Test
  void theLostFirstAndTheLostLastEventAreFound() {
    aWholeLife();
    List<EventApi.Event> whole = events();
    log.removeFirst();
    assertThat(replay().lies()).isNotEmpty();
    log.removeLast();
    EventReplay replay = replay();
    replay.requireLast(Map.of());
    assertThat(replay.lies()).last().asString().contains("its last event says deleting");
    replay.requireKept(whole);
    assertThat(replay.lies()).asString().contains("1 is kept and was not heard");
  }

  @Test
  void anEventThatIsNotKeptIsFound() {
    aWholeLife();
    List<EventApi.Event> kept = new ArrayList<>(events());
    kept.remove(2);
    EventReplay replay = replay();
    replay.requireKept(kept);
    assertThat(replay.lies())
        .hasSize(2)
        .first()
        .asString()
        .contains("the event 3 was heard and is not kept");
  }

  @Test
  void anImpossibleStepIsFound() {
    moved(VM, "web", "", "creating", "created", "running");
    assertThat(replay().lies())
        .singleElement()
        .asString()
        .contains("goes from created to running, which cannot be");
  }

  @Test
  void anEventBehindTheDeletionIsFound() {
    aWholeLife();
    told(VM, "web", "changed", "", "", "cpus=2");
    moved(VM, "web", "deleted", "starting");
    assertThat(replay().lies()).hasSize(2).first().asString().contains("changed of a VM that is");
  }

  @Test
  void aDoubledEventIsFound() {
    aWholeLife();
    log.add(3, log.get(2));
    assertThat(replay().lies())
        .hasSize(2)
        .first()
        .asString()
        .contains("the event 3 came behind the event 3");
  }

  @Test
  void anEventThatWasWrittenTwiceIsFound() {
    moved(VM, "web", "", "creating", "created", "starting");
    moved(VM, "web", "created", "starting");
    assertThat(replay().lies()).singleElement().asString().contains("and it was starting");
  }

  @Test
  void aChangeThatIsToldTwiceOrNotAtAllIsFound() {
    moved(VM, "web", "", "creating", "created");
    told(VM, "web", "changed", "", "", "label-round=1");
    told(VM, "web", "changed", "", "", "label-round=1");
    EventReplay replay = replay();
    replay.requireChanges(
        Map.of(
            "label-round=1", new EventReplay.Times(1, 1),
            "label-round=2", new EventReplay.Times(1, 1)));
    assertThat(replay.lies()).hasSize(2);
  }

  @Test
  void twoVmsOfOneNameAreFound() {
    moved(VM, "web", "", "creating", "created");
    moved(OTHER, "web", "", "creating");
    assertThat(replay().lies()).singleElement().asString().contains("has the name of " + VM);
  }

  @Test
  void aWrongAnswerIsFound() {
    aWholeLife();
    assertThat(liesAbout(shown(4, 4, Map.of(VM, "created")))).hasSize(1);
    assertThat(liesAbout(shown(1, 2, Map.of(VM, "running")))).as("too early").hasSize(1);
    assertThat(liesAbout(shown(6, 6, Map.of(VM, "running")))).as("too late").hasSize(1);
    assertThat(liesAbout(shown(9, 9, Map.of(VM, "deleting")))).as("gone").hasSize(1);
    assertThat(liesAbout(shown(4, 4, Map.of()))).as("left out").hasSize(1);
    assertThat(liesAbout(shown(4, 4, Map.of(VM, "running", OTHER, "running"))))
        .as("unheard of")
        .hasSize(1);
    assertThat(liesAbout(shown(9, 9, Map.of()))).isEmpty();
  }

  @Test
  void anEndThatIsBeingSeenToIsNoLie() {
    moved(VM, "web", "", "creating", "starting", "running", "failed");
    assertThat(liesAbout(shown(3, 3, Map.of(VM, "stopping")))).isEmpty();
    log.removeLast();
    assertThat(liesAbout(shown(3, 3, Map.of(VM, "stopping")))).hasSize(1);
  }

  @Test
  void anEndThatIsNoLongerToldIsFound() {
    aWholeLife();
    EventReplay replay = replay();
    replay.requireLast(Map.of(VM, "stopped"));
    assertThat(replay.lies()).singleElement().asString().contains("is stopped in the end");
  }
}
