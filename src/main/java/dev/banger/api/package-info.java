/**
 * The contract: the parameters and results of every method, as records. Start at {@link
 * dev.banger.api.Api}: the table of all methods. Times are milliseconds since 1970, sizes bytes,
 * {@code vm} is a name, an id or the unique beginning of an id. Takes no locks.
 */
@NullMarked
package dev.banger.api;

import org.jspecify.annotations.NullMarked;
