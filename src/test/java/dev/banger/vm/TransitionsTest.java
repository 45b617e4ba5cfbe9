package dev.banger.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.store.Database;
import dev.banger.store.EventRow;
import dev.banger.store.EventTable;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransitionsTest {
  private static final Instant NOW = Instant.ofEpochSecond(5_000);

  @TempDir Path dir;
  private Database database;
  private VmTable table;
  private Events events;
  private Transitions transitions;
  private final VmRow row = Rows.row("0123456789ab", "web");

  @BeforeEach
  void open() throws BangerException {
    database = Database.open(dir.resolve("banger.db"));
    table = new VmTable(database);
    events = new Events(new EventTable(database), "boot-1");
    transitions = new Transitions(table, events, Clock.fixed(NOW, ZoneOffset.UTC));
    assertThat(transitions.creating(row)).isTrue();
  }

  @AfterEach
  void close() {
    database.close();
  }

  private List<String> told() throws BangerException {
    List<String> told = new ArrayList<>();
    for (EventRow event : events.after(0, Optional.empty()).events()) {
      told.add(event.kind().equals("state") ? event.from() + ">" + event.to() : event.kind());
    }
    return told;
  }

  @Test
  void whatIsSeenWrittenAndToldIsOne() throws BangerException {
    transitions.starting(row, "");
    transitions.running(row, "boot-1", VmRow.Restarts.NONE);
    assertThat(transitions.phase(row)).isEqualTo(Phase.RUNNING);
    assertThat(table.byId(row.id()).orElseThrow().state()).isEqualTo(VmRow.State.RUNNING);
    transitions.ended(row, VmRow.State.FAILED, NOW, "it broke", false, VmRow.Restarts.NONE);
    assertThat(transitions.seen(row))
        .isEqualTo(new Transitions.Seen(Phase.FAILED, NOW, "it broke"));
    assertThat(table.byId(row.id()).orElseThrow().life().ended()).isEqualTo("it broke");
    transitions.deleting(row, "");
    transitions.deleted(row, "");
    assertThat(table.byId(row.id())).isEmpty();
    assertThat(told())
        .containsExactly(
            ">creating",
            "creating>starting",
            "starting>running",
            "running>failed",
            "failed>deleting",
            "deleting>deleted");
  }

  @Test
  void aChangeThatDoesNotApplyTellsNothing() throws BangerException {
    transitions.unresponsive(row, "it is only being made");
    transitions.well(row, "");
    transitions.notStopped(row, "");
    assertThat(transitions.phase(row)).isEqualTo(Phase.CREATING);
    assertThat(told()).containsExactly(">creating");
  }

  @Test
  void aVmThatIsBeingDeletedChangesNoMore() throws BangerException {
    transitions.deleting(row, "it could not be made");
    Transitions.Note note = new Transitions.Note("changed", "", "label-a=b");
    assertThat(transitions.change(row, r -> r.withRestarts(VmRow.Restarts.NONE), note)).isEmpty();
    assertThat(told()).containsExactly(">creating", "creating>deleting");
  }

  @Test
  void aVmThatIsGoneChangesNoMore() throws BangerException {
    transitions.deleted(row, "");
    transitions.deleted(row, "");
    transitions.running(row, "boot-1", VmRow.Restarts.NONE);
    assertThat(table.all()).isEmpty();
    assertThat(told()).containsExactly(">creating", "creating>deleted");
  }

  @Test
  void whatADaemonThatDiedWasDoingIsToldToBeOver() throws BangerException {
    transitions.starting(row, "");
    transitions.running(row, "boot-1", VmRow.Restarts.NONE);
    transitions.stopping(row, "");
    VmRow left = table.byId(row.id()).orElseThrow();
    Transitions next = new Transitions(table, events, Clock.fixed(NOW, ZoneOffset.UTC));
    next.takeUp(left);
    next.takeUp(left);
    next.unresponsive(left, "");
    Transitions another = new Transitions(table, events, Clock.fixed(NOW, ZoneOffset.UTC));
    another.takeUp(left);
    assertThat(another.phase(left)).isEqualTo(Phase.RUNNING);
    assertThat(told())
        .endsWith(
            "running>stopping", "stopping>running", "running>unresponsive", "unresponsive>running");
  }

  @Test
  void aWriteThatFailsChangesNothing() throws BangerException {
    VmRow named = Rows.row("0123456789ac", "taken");
    assertThat(transitions.creating(named)).isTrue();
    assertThatThrownBy(() -> transitions.retiring(named, row.name(), "the name is in use"))
        .isInstanceOf(BangerException.class);
    assertThat(transitions.phase(named)).isEqualTo(Phase.CREATING);
    assertThat(told()).containsExactly(">creating", ">creating");
  }

  @Test
  void aJumpOfTheClockMovesLifetimesAlong() throws BangerException {
    VmRow.Policy policy =
        new VmRow.Policy(
            VmRow.Policy.NONE.restart(),
            Optional.of(Duration.ofHours(1)),
            Optional.of(NOW.plusSeconds(3600)),
            Optional.empty());
    var _ = table.update(row.id(), r -> r.withPolicy(policy));
    transitions.shiftTimes(Duration.ofDays(1));
    assertThat(table.byId(row.id()).orElseThrow().policy().expires())
        .contains(NOW.plusSeconds(3600 + 86_400));
  }

  @Test
  void cursorsOfALostTailAreNotGivenOutAgainInTheNextBoot() throws BangerException {
    long newest = events.newest();
    Events sameBoot = new Events(new EventTable(database), "boot-1");
    assertThat(sameBoot.newest()).isEqualTo(newest);
    Events nextBoot = new Events(new EventTable(database), "boot-2");
    assertThat(nextBoot.newest()).isGreaterThanOrEqualTo(newest + EventTable.KEPT);
    assertThat(nextBoot.after(newest + 3, Optional.empty()).events()).isEmpty();
    assertThat(nextBoot.after(0, Optional.empty()).events()).hasSize(1);
  }

  @Test
  void aCursorThatIsNoLongerKeptIsAnErrorThatSaysFromWhereToGoOn() throws BangerException {
    for (int i = 0; i < (EventTable.KEPT + 600) / 100; i++) {
      List<EventRow> many = new ArrayList<>();
      for (int k = 0; k < 100; k++) {
        many.add(new EventRow(0, NOW, row.id(), "web", "tick", "", "", "", ""));
      }
      table.note(many);
    }
    assertThatThrownBy(() -> events.after(10, Optional.empty()))
        .isInstanceOfSatisfying(
            BangerException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND);
              assertThat(e.hint()).contains("cursor 500");
            });
    assertThat(events.after(events.oldest(), Optional.empty()).events()).hasSize(500);
  }

  @Test
  void everyChangeOfARowIsHeardByWhoGoesByIt() throws BangerException {
    List<VmRow.State> heard = new ArrayList<>();
    transitions.onChange(changed -> heard.add(changed.state()));
    transitions.starting(row, "");
    transitions.running(row, "boot-1", VmRow.Restarts.NONE);
    transitions.deleting(row, "");
    assertThat(heard).containsExactly(VmRow.State.RUNNING, VmRow.State.DELETING);
  }
}
