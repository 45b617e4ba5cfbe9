/**
 * What banger intends, kept in SQLite (WAL): one class a table, and nobody else speaks SQL. Start
 * with {@link dev.banger.store.Database}. SQL runs on platform threads of this room; callers wait.
 * Takes no locks: SQLite and the single writer thread are the lock.
 */
@NullMarked
package dev.banger.store;

import org.jspecify.annotations.NullMarked;
