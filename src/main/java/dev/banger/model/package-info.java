/**
 * The words every room shares: ids, names, sizes, errors, undo. No I/O, no threads, no locks. Start
 * with {@link dev.banger.model.BangerException}: every failure a user sees is one.
 */
@NullMarked
package dev.banger.model;

import org.jspecify.annotations.NullMarked;
