/* Arbitrary bytes from the host, in pieces of arbitrary length, into the session: HELLO, yamux, streams that echo. What comes
 * out is checked by a second, simple reading of the rules. */
#include <stdlib.h>
#include <string.h>

#include "session.h"
#include "sync.h"
#include "wire.h"

static uint8_t out[65536];

/* Echoes; refuses, finishes or opens a stream where the data says so. */
static void echo(struct yamux_stream *stream) {
    size_t length = stream->received.length;
    size_t room = yamux_room(stream);
    if (length > room) length = room;
    uint8_t first = length > 0 ? *buffer_bytes(&stream->received) : 0;
    if (length > 0) yamux_write(stream, buffer_bytes(&stream->received), length);
    yamux_consume(stream, length);
    if (first == 'r') {
        yamux_reset(stream);
    } else if (first == 'c') {
        yamux_close(stream);
    } else if (first == 'o') {
        yamux_open(stream->session, stream->handler, NULL);
    } else if (yamux_at_end(stream)) {
        yamux_finish(stream);
    }
}

static void gone(struct yamux_stream *stream) {
    if (stream->handler != NULL) abort();
}

static const struct yamux_handler handlers = {.readable = echo, .writable = echo, .gone = gone};

static void accepted(struct yamux *session, struct yamux_stream *stream) {
    (void)session;
    stream->handler = &handlers;
}

/* Whole frames, within the limits. */
static void check_frames(const uint8_t *at, size_t length) {
    if (length >= SYNC_HELLO && memcmp(at, sync_magic, SYNC_MAGIC) == 0) {
        at += SYNC_HELLO;
        length -= SYNC_HELLO;
    }
    while (length > 0) {
        if (length < YAMUX_HEADER || at[0] != 0 || at[1] > YAMUX_GO_AWAY) abort();
        size_t data = at[1] == YAMUX_DATA ? wire_load_u32(at + 8) : 0;
        if (data > YAMUX_FRAME_OUTPUT || data > length - YAMUX_HEADER) abort();
        at += YAMUX_HEADER + data;
        length -= YAMUX_HEADER + data;
    }
}

static void drain(void) {
    for (int round = 0; round < 16; round++) {
        size_t length = session_output(out, sizeof out);
        check_frames(out, length);
        if (length == 0) return;
    }
}

/* The first byte of the data is the length of the pieces, the rest is what the host sends, behind a HELLO. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    size_t piece = data[0] == 0 ? 4096 : data[0];
    uint8_t hello[SYNC_HELLO] = {0};
    memcpy(hello, sync_magic, SYNC_MAGIC);
    session_start(accepted);
    session_input(hello, sizeof hello);
    drain();
    for (size_t at = 1; at < size;) {
        size_t length = size - at < piece ? size - at : piece;
        size_t read = session_input(data + at, length);
        if (read < length && !session_congested()) abort();
        at += read;
        if (at % 3 != 0 || read < length) drain();
    }
    drain();
    session_lost();
    return 0;
}
