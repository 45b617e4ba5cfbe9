package dev.banger.journal;

import dev.banger.model.BangerException;
import dev.banger.model.ErrorCode;
import dev.banger.model.Uninterruptibly;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Half-done work that leaves something on the host. Closed without {@link #keep} it is undone,
 * newest first, whatever the thread is asked meanwhile; what cannot be undone stays in the journal
 * and is tried again. Belongs to one thread at a time.
 */
public final class Steps implements AutoCloseable {
  /** Takes one step. */
  @FunctionalInterface
  public interface Action {
    void run() throws BangerException, InterruptedException;
  }

  /** Takes one step and says what came of it. */
  @FunctionalInterface
  public interface Making<T> {
    T run() throws BangerException, InterruptedException;
  }

  private final Journal journal;
  private final String owner;
  private final @Nullable Steps outer;
  private final Deque<Entry> taken = new ArrayDeque<>();

  Steps(Journal journal, String owner, @Nullable Steps outer) {
    this.journal = journal;
    this.owner = owner;
    this.outer = outer;
  }

  public String owner() {
    return owner;
  }

  /** Writes the step down, takes it, and writes down that it is done. */
  public void take(Step step, Action action) throws BangerException, InterruptedException {
    make(
        step,
        () -> {
          action.run();
          return step;
        });
  }

  /** As {@link #take}. */
  public <T> T make(Step step, Making<T> making) throws BangerException, InterruptedException {
    Entry entry = journal.begin(step);
    taken.push(entry);
    T made = making.run();
    journal.done(entry);
    return made;
  }

  /**
   * Takes a step of a kind that is whole at any moment: nothing is written down or undone, and
   * tests end the daemon there all the same.
   */
  public <T> T pass(Step step, Making<T> making) throws BangerException, InterruptedException {
    journal.passing(StepObserver.Moment.BEFORE, step);
    T made = making.run();
    journal.passing(StepObserver.Moment.AFTER, step);
    return made;
  }

  /** The steps so far were taken before their operation began, which is the one of this thread. */
  public void attribute() throws BangerException {
    journal.attribute(taken, Journal.OPERATION.orElse(""));
  }

  /** The work is whole, and belongs to its owner: nothing is undone. */
  public void keep() throws BangerException {
    if (taken.isEmpty()) {
      return;
    }
    List<Entry> oldestFirst = List.copyOf(taken).reversed();
    if (outer == null) {
      journal.keep(oldestFirst);
    } else {
      oldestFirst.forEach(outer.taken::push);
    }
    taken.clear();
  }

  /** Undoes what was not kept. */
  @Override
  public void close() throws BangerException {
    try {
      if (!taken.isEmpty()) {
        undoAll();
      }
    } finally {
      journal.closed(this, outer);
    }
  }

  private void undoAll() throws BangerException {
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    Thread worker = Thread.ofVirtual().name("undo " + owner).start(() -> failure.set(undoEach()));
    Uninterruptibly.join(worker);
    Exception why = failure.get();
    if (why != null) {
      throw new BangerException(
          why instanceof BangerException known ? known.code() : ErrorCode.INTERNAL,
          "cannot take back all that was done for " + owner,
          "it is tried again every minute; `banger daemon status` shows what is left",
          why);
    }
  }

  /** What cannot be undone, and all older, is left to {@link Journal#settle}. */
  private @Nullable Exception undoEach() {
    while (!taken.isEmpty()) {
      Entry newest = taken.element();
      try {
        journal.undo(newest.step());
        journal.forget(List.of(newest));
      } catch (BangerException | InterruptedException | RuntimeException e) {
        journal.leave(taken, newest, e);
        return e;
      }
      taken.remove();
    }
    return null;
  }
}
