#include "session.h"

#include <string.h>

#include "sync.h"

static struct yamux yamux;
static struct sync sync_state;
static bool connected; /* a yamux session runs; else HELLO is searched for */
static bool renewed;
static bool answer_due; /* HELLO was not yet answered */
static void (*on_accepted)(struct yamux *session, struct yamux_stream *stream);

void session_start(void (*accepted)(struct yamux *, struct yamux_stream *)) {
    on_accepted = accepted;
    connected = false;
    answer_due = false;
    sync_reset(&sync_state);
}

struct yamux *session_yamux(void) { return connected ? &yamux : NULL; }

void session_lost(void) {
    if (connected) yamux_drop(&yamux);
    connected = false;
    answer_due = false;
    sync_reset(&sync_state);
}

static void renew(void) {
    session_lost();
    yamux_start(&yamux, on_accepted, NULL);
    connected = true;
    renewed = true;
    answer_due = true;
}

static size_t search(const uint8_t *bytes, size_t length) {
    bool found;
    size_t read = sync_search(&sync_state, bytes, length, &found);
    if (found) renew();
    return read;
}

/* The rules are broken: HELLO may begin inside of the header that did it. */
static void search_header(void) {
    uint8_t header[YAMUX_HEADER];
    size_t length = yamux.header_length;
    memcpy(header, yamux.header, length);
    session_lost();
    search(header, length);
}

size_t session_input(const uint8_t *bytes, size_t length) {
    size_t read = 0;
    while (read < length && !session_congested()) {
        if (!connected) {
            read += search(bytes + read, length - read);
            continue;
        }
        read += yamux_input(&yamux, bytes + read, length - read);
        if (yamux.broken != NULL) search_header();
    }
    return read;
}

bool session_renewed(void) {
    bool value = renewed;
    renewed = false;
    return value;
}

size_t session_output(uint8_t *out, size_t room) {
    if (!connected || room < SYNC_HELLO) return 0;
    size_t length = 0;
    if (answer_due) {
        memcpy(out, sync_state.hello, SYNC_HELLO);
        length = SYNC_HELLO;
        answer_due = false;
    }
    length += yamux_output(&yamux, out + length, room - length);
    if (yamux.broken != NULL) session_lost();
    return length;
}

bool session_congested(void) { return connected && yamux_congested(&yamux); }
