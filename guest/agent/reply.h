/* Replies to requests (PROTOCOL.md, section 3). */
#ifndef BANGER_REPLY_H
#define BANGER_REPLY_H

#include "wire.h"
#include "yamux.h"

/* Sends the writer's messages (an ERROR if they failed) and clears it. The stream stays open. */
void reply_send(struct yamux_stream *stream, struct wire_writer *writer);

/* The same, then closes the stream. */
void reply_last(struct yamux_stream *stream, struct wire_writer *writer);

/* An empty OK; the stream stays open. */
void reply_ok(struct yamux_stream *stream);

/* An empty OK, then closes the stream. */
void reply_done(struct yamux_stream *stream);

/* ERROR, then closes the stream. */
void reply_error(struct yamux_stream *stream, enum wire_code code, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
