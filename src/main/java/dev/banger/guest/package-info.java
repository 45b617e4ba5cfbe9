/**
 * Talks to a running guest over its channel, as guest/PROTOCOL.md says: configuration, power,
 * execs, files, sockets. Start at {@link dev.banger.guest.Guest}. Takes leaf locks only (one a
 * listener table, those of yamux), never around I/O.
 */
@NullMarked
package dev.banger.guest;

import org.jspecify.annotations.NullMarked;
