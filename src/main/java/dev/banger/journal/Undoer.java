package dev.banger.journal;

import dev.banger.model.BangerException;

/**
 * Undoes steps of one kind, so that nothing is left of them; for what was itself a removal, that is
 * to finish it. The step may have been taken in whole, in part or not at all, by this daemon or one
 * that died, and may have been undone before.
 */
@FunctionalInterface
public interface Undoer {
  void undo(Step step) throws BangerException, InterruptedException;
}
