/* A relay carries bytes both ways between a descriptor (a socket) and a stream. FIN is passed on either way; a relay ends
 * when both ways have ended, or at the first error or reset. */
#ifndef BANGER_RELAY_H
#define BANGER_RELAY_H

#include "yamux.h"

/* Takes over the stream and the non-blocking descriptor. ended (may be NULL) is called once, after both are given up;
 * failed says whether the stream was lost before its end. Without memory both are given up at once: false. */
bool relay_start(struct yamux_stream *stream, int fd, void (*ended)(void *owner, bool failed), void *owner);

#endif
