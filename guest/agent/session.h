/* The conversation with the host: the search for HELLO, then yamux, then the search again. Bytes in, bytes out; the channel
 * carries them. */
#ifndef BANGER_SESSION_H
#define BANGER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "yamux.h"

void session_start(void (*accepted)(struct yamux *session, struct yamux_stream *stream));

/* Returns how many bytes were read; fewer only while session_congested. */
size_t session_input(const uint8_t *bytes, size_t length);

/* True once after a HELLO: what waits to be sent belongs to an old session, and is void. */
bool session_renewed(void);

size_t session_output(uint8_t *out, size_t room);

/* Input has to wait until some output was taken. */
bool session_congested(void);

/* The host has gone. */
void session_lost(void);

/* The session's yamux, to open streams; NULL while there is no host. */
struct yamux *session_yamux(void);

#endif
