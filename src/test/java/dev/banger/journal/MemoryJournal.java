package dev.banger.journal;

import dev.banger.model.BangerException;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;

/** A journal that a test can look into. */
public final class MemoryJournal implements JournalStore {
  private final Map<Long, Entry> entries = new ConcurrentSkipListMap<>();
  private final AtomicLong ids = new AtomicLong();

  /** A journal for who does not look into it. */
  public static Journal journal() {
    return new MemoryJournal().open();
  }

  /** As a daemon opens it that starts now. */
  public Journal open() {
    return open((_, _) -> {});
  }

  public Journal open(StepObserver observer) {
    try {
      return new Journal(this, Clock.systemUTC(), observer);
    } catch (BangerException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public long begin(Step step, String operation, Instant now) {
    long id = ids.incrementAndGet();
    entries.put(id, new Entry(id, step, operation, false, now, 0, ""));
    return id;
  }

  @Override
  public void done(long id) {
    entries.computeIfPresent(
        id, (_, e) -> new Entry(id, e.step(), e.operation(), true, e.begun(), e.tries(), ""));
  }

  @Override
  public void attribute(Collection<Long> which, String operation) {
    for (long id : which) {
      entries.computeIfPresent(
          id, (_, e) -> new Entry(id, e.step(), operation, e.done(), e.begun(), e.tries(), ""));
    }
  }

  @Override
  public void forget(Collection<Long> which) {
    which.forEach(entries::remove);
  }

  @Override
  public void failed(long id, String error) {
    entries.computeIfPresent(id, (_, e) -> e.failed(error));
  }

  @Override
  public List<Entry> all() {
    return List.copyOf(entries.values());
  }
}
