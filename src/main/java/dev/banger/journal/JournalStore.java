package dev.banger.journal;

import dev.banger.model.BangerException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;

/**
 * Where entries are kept. They outlive the death of the daemon as soon as a method returns; the
 * loss of the host's power only together with all that was written after them.
 */
public interface JournalStore {
  /** Writes down a step that is about to be taken; ids only grow. */
  long begin(Step step, String operation, Instant now) throws BangerException;

  void done(long id) throws BangerException;

  /** From now on these belong to this operation. */
  void attribute(Collection<Long> ids, String operation) throws BangerException;

  void forget(Collection<Long> ids) throws BangerException;

  /** Its undoing has failed once more. */
  void failed(long id, String error) throws BangerException;

  /** Oldest first. */
  List<Entry> all() throws BangerException;
}
