/**
 * HashiCorp's yamux over any byte channel, strict, with the limits of guest/PROTOCOL.md section 2:
 * many streams, each with its own flow control, on one connection. Knows nothing of banger; start
 * at {@link dev.banger.yamux.YamuxSession}. Takes one leaf lock a session, never around I/O.
 */
@NullMarked
package dev.banger.yamux;

import org.jspecify.annotations.NullMarked;
