#include "request.h"

#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "reply.h"

/* All requests that are being read hold at most this together. */
enum { READING_LIMIT = 16 * 1024 * 1024 };

struct entry {
    uint16_t kind;
    request_handler *handle;
    bool early; /* answered before the guest is configured, too */
};

static const struct entry table[] = {
    {WIRE_INFO, machine_info, true},
    {WIRE_CONFIGURE, machine_configure, true},
    {WIRE_POWER, machine_power, true},
    {WIRE_APPLY, machine_apply, false},
    {WIRE_IDENTITY, machine_identity, false},
    {WIRE_SET_CLOCK, machine_set_clock, true},
    {WIRE_EXEC_START, exec_start, false},
    {WIRE_EXEC_OUTPUT, exec_output, false},
    {WIRE_EXEC_INPUT, exec_input, false},
    {WIRE_EXEC_WAIT, exec_wait, false},
    {WIRE_EXEC_SIGNAL, exec_signal, false},
    {WIRE_EXEC_RESIZE, exec_resize, false},
    {WIRE_EXEC_FORGET, exec_forget, false},
    {WIRE_EXEC_LIST, exec_list, false},
    {WIRE_CONNECT, connect_request, false},
    {WIRE_LISTEN, listen_request, false},
    {WIRE_DATAGRAMS, datagrams_request, false},
};

struct request {
    uint8_t header[WIRE_HEADER];
    size_t header_length;
    uint16_t kind;
    uint8_t *body;
    size_t body_length; /* whole */
    size_t body_read;
};

static size_t reading; /* bytes all requests hold */

static void request_readable(struct yamux_stream *stream);
static void request_gone(struct yamux_stream *stream);
static const struct yamux_handler request_handlers = {.readable = request_readable, .gone = request_gone};

static void free_request(struct request *request) {
    if (request->body != NULL) reading -= request->body_length;
    free(request->body);
    free(request);
}

static void request_gone(struct yamux_stream *stream) { free_request(stream->owner); }

void request_accepted(struct yamux *session, struct yamux_stream *stream) {
    (void)session;
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL) {
        yamux_reset(stream);
        return;
    }
    stream->handler = &request_handlers;
    stream->owner = request;
}

static void dispatch(struct yamux_stream *stream, uint16_t kind, struct wire_reader body) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].kind != kind) continue;
        if (table[i].early || machine_ready()) {
            table[i].handle(stream, body);
        } else {
            reply_error(stream, CODE_STATE, 0, "cannot answer request 0x%04x: the guest is not configured yet", kind);
        }
        return;
    }
    if (!service_request(kind, stream, body)) reply_error(stream, CODE_UNKNOWN, 0, "unknown request 0x%04x", kind);
}

/* Refuses before anything of the body was read. */
static void refuse(struct yamux_stream *stream, enum wire_code code, const char *why) {
    struct request *request = stream->owner;
    uint16_t kind = request->kind;
    free_request(request);
    reply_error(stream, code, 0, "cannot read request 0x%04x: %s", kind, why);
}

static bool begin_body(struct yamux_stream *stream) {
    struct request *request = stream->owner;
    uint32_t length = wire_load_u32(request->header);
    request->kind = wire_load_u16(request->header + 4);
    bool configuration = request->kind == WIRE_CONFIGURE || request->kind == WIRE_APPLY || request->kind == WIRE_IDENTITY;
    if (length < 2) {
        refuse(stream, CODE_MALFORMED, "its length is below 2");
        return false;
    }
    if (length > (configuration ? WIRE_CONFIGURATION_LIMIT : WIRE_MESSAGE_LIMIT)) {
        refuse(stream, CODE_LIMIT, "its length is above the limit");
        return false;
    }
    size_t body_length = length - 2;
    uint8_t *body = reading + body_length > READING_LIMIT ? NULL : malloc(body_length + 1);
    if (body == NULL) {
        refuse(stream, CODE_LIMIT, "there is no memory for it");
        return false;
    }
    request->body = body;
    request->body_length = body_length;
    reading += body_length;
    return true;
}

/* Moves what is there of the wanted bytes; true when they are complete. */
static bool gather(struct yamux_stream *stream, uint8_t *into, size_t wanted, size_t *have) {
    size_t length = stream->received.length < wanted - *have ? stream->received.length : wanted - *have;
    if (length > 0) memcpy(into + *have, buffer_bytes(&stream->received), length);
    *have += length;
    yamux_consume(stream, length);
    return *have == wanted;
}

static void request_readable(struct yamux_stream *stream) {
    struct request *request = stream->owner;
    bool complete = gather(stream, request->header, WIRE_HEADER, &request->header_length);
    if (complete && request->body == NULL && !begin_body(stream)) return;
    if (complete) complete = gather(stream, request->body, request->body_length, &request->body_read);
    if (!complete) {
        if (!yamux_at_end(stream)) return;
        free_request(request);
        stream->handler = NULL;
        yamux_reset(stream);
        return;
    }
    stream->handler = NULL;
    dispatch(stream, request->kind, wire_reader(request->body, request->body_length));
    free_request(request);
    if (!stream->dead && stream->handler != NULL && (stream->received.length > 0 || stream->host_finished)) {
        stream->handler->readable(stream);
    }
}
