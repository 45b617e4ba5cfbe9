/**
 * Locks whose order is checked each time one is taken. Start at {@link dev.banger.lock.LockRank}:
 * the order, outermost first. {@link dev.banger.lock.OrderedLock} guards a stretch of work, {@link
 * dev.banger.lock.LeafLock} the fields of one class.
 */
@NullMarked
package dev.banger.lock;

import org.jspecify.annotations.NullMarked;
