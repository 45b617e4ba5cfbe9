package dev.banger.vm;

import dev.banger.lock.LeafLock;
import dev.banger.model.BangerException;
import dev.banger.model.Durations;
import dev.banger.model.RestartPolicy;
import dev.banger.model.VmId;
import dev.banger.model.VmName;
import dev.banger.store.EventRow;
import dev.banger.store.VmRow;
import dev.banger.store.VmTable;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The one place where VMs change: what everybody sees, the row and the event change together or not
 * at all. What must outlive the host is flushed to the disk before it is seen; what is true only
 * while a daemon runs (starting, stopping, unresponsive, paused) is not.
 */
final class Transitions {
  private static final String STATE = "state";
  private static final String GONE = "deleted";

  /** What a VM is seen as, since when, and why. */
  record Seen(Phase phase, Instant since, String reason) {}

  /** Something worth an event that is no change of the phase. */
  record Note(String kind, String reason, String detail) {}

  /** One VM's; its lock is held while a change is written, so that changes stay in order. */
  private static final class Track {
    private final VmName name;
    private final LeafLock lock = new LeafLock("transition");
    private volatile Seen seen;

    Track(VmName name, Seen seen) {
      this.name = name;
      this.seen = seen;
    }
  }

  private final VmTable table;
  private final Events events;
  private final Clock clock;
  private final Map<VmId, Track> tracks = new ConcurrentHashMap<>();
  private final List<Consumer<VmRow>> listeners = new CopyOnWriteArrayList<>();

  Transitions(VmTable table, Events events, Clock clock) {
    this.table = table;
    this.events = events;
    this.clock = clock;
  }

  /** Calls the listener behind every change of a row, on the thread that made it. */
  void onChange(Consumer<VmRow> listener) {
    listeners.add(listener);
  }

  /** The row as it is now. */
  Optional<VmRow> row(VmId id) throws BangerException {
    return table.byId(id);
  }

  /** What the VM is seen as; takes no lock. Of one that is gone, what the row says. */
  Seen seen(VmRow row) {
    Track track = tracks.get(row.id());
    return track == null ? written(row) : track.seen;
  }

  Phase phase(VmRow row) {
    return seen(row).phase();
  }

  private Track track(VmRow row) {
    return tracks.computeIfAbsent(row.id(), _ -> new Track(row.name(), written(row)));
  }

  /** What the row says of a VM that nothing is being done to. */
  static Seen written(VmRow row) {
    VmRow.Life life = row.life();
    Instant ended = life.stopped().orElse(life.created());
    return switch (life.state()) {
      case CREATING -> new Seen(Phase.CREATING, life.created(), "");
      case RUNNING -> new Seen(Phase.RUNNING, life.started().orElse(life.created()), "");
      case FAILED -> new Seen(Phase.FAILED, ended, life.ended());
      case DELETING -> new Seen(Phase.DELETING, ended, life.ended());
      case STOPPED ->
          new Seen(life.stopped().isPresent() ? Phase.STOPPED : Phase.CREATED, ended, life.ended());
    };
  }

  /**
   * A daemon begins: what the one before it was doing to the VM is over, and it is what its row
   * says. Where the last event says otherwise, another tells of it.
   */
  void takeUp(VmRow row) throws BangerException {
    Track track = track(row);
    track.lock.lock();
    try {
      String now = track.seen.phase().toString();
      Optional<String> told = events.lastState(row.id());
      if (told.isPresent() && !told.get().equals(now)) {
        String why = "the daemon ended meanwhile";
        table.note(List.of(event(row.id(), track.name, STATE, told.get(), now, why, "")));
      }
    } finally {
      track.lock.unlock();
    }
    events.wake();
  }

  /** False when the name is taken. */
  boolean creating(VmRow row) throws BangerException {
    EventRow event = event(row.id(), row.name(), STATE, "", Phase.CREATING.toString(), "", "");
    boolean done = table.insert(row, List.of(event));
    if (done) {
      Track _ = track(row);
      told(row);
    }
    return done;
  }

  void created(VmRow row) throws BangerException {
    move(row, Phase.ALL, Phase.CREATED, "", edit(VmRow.State.STOPPED));
  }

  void starting(VmRow row, String reason) throws BangerException {
    move(row, Phase.ALL, Phase.STARTING, reason, null);
  }

  /** Its start was broken off: it is what it was. */
  void notStarted(VmRow row, String reason) throws BangerException {
    move(row, EnumSet.of(Phase.STARTING), written(row).phase(), reason, null);
  }

  void running(VmRow row, String bootId, VmRow.Restarts restarts) throws BangerException {
    Instant now = clock.instant();
    move(
        row,
        Phase.ALL,
        Phase.RUNNING,
        "",
        r -> r.withLife(r.life().running(now, bootId)).withRestarts(restarts));
  }

  /** Its agent answers, and its processors run. */
  void well(VmRow row, String reason) throws BangerException {
    move(row, EnumSet.of(Phase.UNRESPONSIVE, Phase.PAUSED), Phase.RUNNING, reason, null);
  }

  void unresponsive(VmRow row, String reason) throws BangerException {
    move(row, EnumSet.of(Phase.RUNNING, Phase.PAUSED), Phase.UNRESPONSIVE, reason, null);
  }

  void paused(VmRow row, String reason) throws BangerException {
    move(row, EnumSet.of(Phase.RUNNING, Phase.UNRESPONSIVE), Phase.PAUSED, reason, null);
  }

  void stopping(VmRow row, String reason) throws BangerException {
    move(row, Phase.ALL, Phase.STOPPING, reason, null);
  }

  /** Its stop was broken off, and its VMM runs on. */
  void notStopped(VmRow row, String reason) throws BangerException {
    move(row, EnumSet.of(Phase.STOPPING), Phase.RUNNING, reason, null);
  }

  /**
   * It runs no longer.
   *
   * @param how STOPPED or FAILED
   * @param restarts what its policy makes of it
   */
  void ended(
      VmRow row, VmRow.State how, Instant when, String why, boolean asked, VmRow.Restarts restarts)
      throws BangerException {
    List<Note> notes = new ArrayList<>();
    if (restarts.due().isPresent()) {
      notes.add(
          new Note(
              "restart-scheduled",
              "by its restart policy " + row.policy().restart() + ", in " + text(restarts),
              "count=" + restarts.count() + " pause=" + restarts.pause().toMillis()));
    }
    move(
        row,
        Phase.ALL,
        how == VmRow.State.FAILED ? Phase.FAILED : Phase.STOPPED,
        why,
        r -> r.withLife(r.life().ended(how, when, why, asked)).withRestarts(restarts),
        notes);
  }

  private static String text(VmRow.Restarts restarts) {
    return Durations.text(restarts.pause());
  }

  void deleting(VmRow row, String reason) throws BangerException {
    move(
        row,
        EnumSet.complementOf(EnumSet.of(Phase.DELETING)),
        Phase.DELETING,
        reason,
        edit(VmRow.State.DELETING));
  }

  /** As {@link #deleting}, and its name is free from now on. */
  void retiring(VmRow row, VmName newName, String reason) throws BangerException {
    UnaryOperator<VmRow> deleting = edit(VmRow.State.DELETING);
    move(row, Phase.ALL, Phase.DELETING, reason, r -> deleting.apply(r).withName(newName));
  }

  /** It is no more. Nothing to do when it is gone already. */
  void deleted(VmRow row, String reason) throws BangerException {
    Track track = track(row);
    track.lock.lock();
    try {
      EventRow event =
          event(row.id(), track.name, STATE, track.seen.phase().toString(), GONE, reason, "");
      boolean _ = table.delete(row.id(), List.of(event));
      tracks.remove(row.id());
    } finally {
      track.lock.unlock();
    }
    events.wake();
  }

  /**
   * A daemon begins: one that shall always run, that ran before, and that no user has stopped, is
   * due now.
   */
  void startsWithDaemon(VmRow row) throws BangerException {
    boolean down = row.state() == VmRow.State.STOPPED || row.state() == VmRow.State.FAILED;
    if (down
        && row.policy().restart() instanceof RestartPolicy.Always
        && row.life().started().isPresent()
        && !row.life().asked()
        && row.restarts().due().isEmpty()) {
      VmRow.Restarts due =
          new VmRow.Restarts(
              row.restarts().count(),
              row.restarts().last(),
              Duration.ZERO,
              Optional.of(clock.instant()));
      var _ =
          change(
              row,
              r -> r.withRestarts(due),
              new Note("restart-scheduled", "the daemon begins", "policy=always"));
    }
  }

  /**
   * Changes a row in a way that is no change of the phase, and tells of it. Empty: the VM is gone,
   * or about to: a create that failed takes it back whoever works on it.
   */
  Optional<VmRow> change(VmRow row, UnaryOperator<VmRow> edit, Note note) throws BangerException {
    Track track = track(row);
    Optional<VmRow> after = Optional.empty();
    track.lock.lock();
    try {
      if (track.seen.phase() != Phase.DELETING) {
        EventRow event =
            event(row.id(), track.name, note.kind(), "", "", note.reason(), note.detail());
        after = table.update(row.id(), edit, List.of(event));
      }
    } finally {
      track.lock.unlock();
    }
    after.ifPresent(this::told);
    return after;
  }

  /** The wall clock jumped: what rows say by it goes along. */
  void shiftTimes(Duration jump) throws BangerException {
    for (VmRow row : table.all()) {
      if (row.policy().expires().isPresent() || row.restarts().due().isPresent()) {
        table.update(row.id(), r -> shifted(r, jump)).ifPresent(this::told);
      }
    }
  }

  private static VmRow shifted(VmRow row, Duration jump) {
    VmRow.Policy policy = row.policy();
    VmRow.Restarts restarts = row.restarts();
    return row.withPolicy(
            new VmRow.Policy(
                policy.restart(),
                policy.ttl(),
                policy.expires().map(jump::addTo).map(Instant::from),
                policy.idleStop()))
        .withRestarts(
            new VmRow.Restarts(
                restarts.count(),
                restarts.last(),
                restarts.pause(),
                restarts.due().map(jump::addTo).map(Instant::from)));
  }

  /** As {@link #note(VmId, VmName, Note)}, of one that may be gone: then its id is its name. */
  void note(VmId id, Note note) throws BangerException {
    String name = table.byId(id).map(row -> row.name().value()).orElse(id.value());
    note(event(id, name, note.kind(), "", "", note.reason(), note.detail()));
  }

  /** Tells of something that changes no row. */
  void note(VmId id, VmName name, Note note) throws BangerException {
    note(event(id, name, note.kind(), "", "", note.reason(), note.detail()));
  }

  private void note(EventRow event) throws BangerException {
    table.note(List.of(event));
    events.wake();
  }

  private static UnaryOperator<VmRow> edit(VmRow.State state) {
    return row -> row.withLife(row.life().with(state));
  }

  private void move(
      VmRow row, Set<Phase> from, Phase to, String reason, @Nullable UnaryOperator<VmRow> edit)
      throws BangerException {
    move(row, from, to, reason, edit, List.of());
  }

  /** Nothing happens when it is in none of these phases, or is what it shall be already. */
  private void move(
      VmRow row,
      Set<Phase> from,
      Phase to,
      String reason,
      @Nullable UnaryOperator<VmRow> edit,
      List<Note> notes)
      throws BangerException {
    Track track = track(row);
    Optional<VmRow> after = Optional.empty();
    track.lock.lock();
    try {
      Phase before = track.seen.phase();
      if (!from.contains(before) || (before == to && edit == null)) {
        return;
      }
      List<EventRow> written = new ArrayList<>();
      written.add(event(row.id(), track.name, STATE, before.toString(), to.toString(), reason, ""));
      for (Note note : notes) {
        written.add(event(row.id(), track.name, note.kind(), "", "", note.reason(), note.detail()));
      }
      if (edit == null) {
        table.note(written);
      } else {
        after = table.update(row.id(), edit, written);
        if (after.isEmpty()) {
          tracks.remove(row.id());
          return; // it was deleted meanwhile
        }
      }
      track.seen = new Seen(to, clock.instant(), reason);
    } finally {
      track.lock.unlock();
    }
    after.ifPresentOrElse(this::told, events::wake);
  }

  private void told(VmRow row) {
    events.wake();
    listeners.forEach(listener -> listener.accept(row));
  }

  private EventRow event(
      VmId id, VmName name, String kind, String from, String to, String reason, String detail) {
    return event(id, name.value(), kind, from, to, reason, detail);
  }

  private EventRow event(
      VmId id, String name, String kind, String from, String to, String reason, String detail) {
    return new EventRow(0, clock.instant(), id, name, kind, from, to, reason, detail);
  }
}
