/**
 * Every step that leaves something on the host, written down before it is taken, with how to undo
 * it after a crash. Start with {@link dev.banger.journal.Journal}. Takes no lock.
 */
@NullMarked
package dev.banger.journal;

import org.jspecify.annotations.NullMarked;
