/**
 * The daemon: every part made by its constructor, in the order of the rooms, and closed in reverse;
 * the table of methods; start and stop. Start with {@link dev.banger.daemon.Daemon}. Takes no locks
 * of its own but the one of image operations, which it hands out.
 */
@NullMarked
package dev.banger.daemon;

import org.jspecify.annotations.NullMarked;
