package dev.banger.journal;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door: who leaves something on the host opens {@link Steps} and takes each step through them.
 * What was neither kept nor undone, by this daemon or one that died, is a <b>leftover</b>: it is
 * undone by {@link #settle}, and until then nobody takes steps for the same owner.
 */
public final class Journal {
  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

  /** Of what is kept of a failure, in characters. */
  private static final int ERROR_LIMIT = 1000;

  /** The operation that the thread works for; unbound: none. */
  public static final ScopedValue<String> OPERATION = ScopedValue.newInstance();

  private final JournalStore store;
  private final Clock clock;
  private final StepObserver observer;
  private final Map<StepKind, Undoer> undoers = new ConcurrentHashMap<>();
  private final ConcurrentMap<Long, Entry> leftovers = new ConcurrentHashMap<>();
  private final ConcurrentMap<String, Steps> open = new ConcurrentHashMap<>();
  private volatile boolean recovered;

  /** All that is in the store is left over from a daemon before this one. */
  public Journal(JournalStore store, Clock clock, StepObserver observer) throws BangerException {
    this.store = store;
    this.clock = clock;
    this.observer = observer;
    store.all().forEach(entry -> leftovers.put(entry.id(), entry));
  }

  /** Says how steps of this kind are undone; before any is taken or settled. */
  public void undoer(StepKind kind, Undoer undoer) {
    if (undoers.put(kind, undoer) != null) {
      throw new IllegalStateException("two undoers for " + kind);
    }
  }

  public void undoers(Map<StepKind, Undoer> all) {
    all.forEach(this::undoer);
  }

  /** Kinds that nobody has said how to undo. */
  public List<StepKind> withoutUndoer() {
    EnumMap<StepKind, Boolean> missing = new EnumMap<>(StepKind.class);
    for (StepKind kind : StepKind.values()) {
      if (kind.isUndone() && !undoers.containsKey(kind)) {
        missing.put(kind, true);
      }
    }
    return List.copyOf(missing.keySet());
  }

  /**
   * Steps for this owner, on whom no other thread works meanwhile. What is left over of the owner
   * is undone first. When the owner's steps are open already, these are part of them: what is kept
   * here is undone all the same when the outer ones are not kept.
   */
  public Steps steps(String owner) throws BangerException, InterruptedException {
    Steps outer = open.get(owner);
    if (outer == null) {
      settle(owner);
    }
    Steps steps = new Steps(this, owner, outer);
    open.put(owner, steps);
    return steps;
  }

  /** All that a daemon before this one left was dealt with once. */
  public void recovered() {
    recovered = true;
  }

  public boolean isRecovered() {
    return recovered;
  }

  /** What is left over, oldest first. */
  public List<Entry> leftovers() {
    return leftovers.values().stream().sorted(Comparator.comparingLong(Entry::id)).toList();
  }

  public List<Entry> leftovers(String owner) {
    return leftovers().stream().filter(e -> e.step().owner().equals(owner)).toList();
  }

  /**
   * Undoes what is left over of this owner, newest first, and says what was; a failure is written
   * down and ends it, since older steps may be what newer ones stand on. The caller sees to it that
   * no other thread works on the owner.
   */
  public List<Entry> settle(String owner) throws BangerException, InterruptedException {
    List<Entry> undone = new ArrayList<>();
    for (Entry entry : leftovers(owner).reversed()) {
      try {
        undo(entry.step());
        store.forget(List.of(entry.id()));
      } catch (BangerException | RuntimeException e) {
        throw failed(entry, e);
      }
      leftovers.remove(entry.id());
      undone.add(entry);
      LOG.info("undone: {} {}", entry.step(), entry.step().operands());
    }
    return undone;
  }

  private BangerException failed(Entry entry, Exception why) {
    noteFailure(entry, why);
    return new BangerException(
        ErrorCode.INTERNAL,
        "cannot remove " + entry.step().kind().what() + " of " + entry.step().owner(),
        "it is tried again every minute; `banger daemon status` shows what is left",
        why);
  }

  private void noteFailure(Entry entry, Exception why) {
    Entry again = entry.failed(text(why));
    leftovers.put(entry.id(), again);
    LOG.warn(
        "cannot undo " + entry.step() + " " + entry.step().operands() + ", try " + again.tries(),
        why);
    try {
      store.failed(entry.id(), again.error());
    } catch (BangerException e) {
      LOG.warn("cannot write down that an undo failed", e);
    }
  }

  private static String text(Exception why) {
    String message = why.getMessage() == null ? why.toString() : why.getMessage();
    String reason = why instanceof BangerException known ? known.reason() : "";
    String text = reason.isEmpty() ? message : message + ": " + reason;
    return text.length() > ERROR_LIMIT ? text.substring(0, ERROR_LIMIT) : text;
  }

  void undo(Step step) throws BangerException, InterruptedException {
    Undoer undoer = undoers.get(step.kind());
    if (undoer == null) {
      throw new IllegalStateException("nobody has said how to undo " + step.kind());
    }
    undoer.undo(step);
  }

  Entry begin(Step step) throws BangerException {
    String operation = OPERATION.orElse("");
    var now = clock.instant();
    long id = store.begin(step, operation, now);
    observer.at(StepObserver.Moment.BEFORE, step);
    return new Entry(id, step, operation, false, now, 0, "");
  }

  void done(Entry entry) throws BangerException {
    observer.at(StepObserver.Moment.AFTER, entry.step());
    store.done(entry.id());
  }

  /** A moment of a step that is not written down. */
  void passing(StepObserver.Moment moment, Step step) {
    if (step.kind().isUndone()) {
      throw new IllegalArgumentException(step + " must be written down");
    }
    observer.at(moment, step);
  }

  void keep(List<Entry> entries) throws BangerException {
    Step newest = entries.getLast().step();
    observer.at(StepObserver.Moment.KEEPING, newest);
    forget(entries);
    observer.at(StepObserver.Moment.KEPT, newest);
  }

  void forget(Collection<Entry> entries) throws BangerException {
    store.forget(ids(entries));
  }

  void attribute(Collection<Entry> entries, String operation) throws BangerException {
    store.attribute(ids(entries), operation);
  }

  private static List<Long> ids(Collection<Entry> entries) {
    return entries.stream().map(Entry::id).collect(Collectors.toList());
  }

  /** Nobody works on these any more; one of them could not be undone. */
  void leave(Collection<Entry> entries, Entry failed, Exception why) {
    entries.forEach(entry -> leftovers.put(entry.id(), entry));
    noteFailure(failed, why);
  }

  void closed(Steps steps, @Nullable Steps outer) {
    open.remove(steps.owner());
    if (outer != null) {
      open.put(steps.owner(), outer);
    }
  }
}
