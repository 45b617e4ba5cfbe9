/* DATAGRAMS (PROTOCOL.md, section 6): a UDP socket of the guest, connected to one address, as frames of a stream. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "address.h"
#include "loop.h"
#include "reply.h"
#include "request.h"

enum { LENGTH = 2, LARGEST = 65535 };

/* One connected socket. What the host sends faster than the socket takes it is lost, as everywhere on UDP's way. */
struct flow {
    struct watch watch;
    struct yamux_stream *stream;
};

static void free_flow(struct flow *flow) {
    loop_close(&flow->watch);
    free(flow);
}

static void flow_gone(struct yamux_stream *stream) { free_flow(stream->owner); }

/* Nobody listens there. */
static void refuse(struct flow *flow) {
    yamux_reset(flow->stream);
    free_flow(flow);
}

static void watch_again(struct flow *flow) {
    if (loop_watch(&flow->watch, yamux_room(flow->stream) > 0 ? (uint32_t)EPOLLIN : 0) != 0) refuse(flow);
}

/* Sends every whole datagram that has come. False: the socket is refused. */
static bool send_all(struct flow *flow) {
    struct yamux_stream *stream = flow->stream;
    while (stream->received.length >= LENGTH) {
        size_t length = wire_load_u16(buffer_bytes(&stream->received));
        if (stream->received.length < LENGTH + length) return true;
        ssize_t sent;
        do {
            sent = send(flow->watch.fd, buffer_bytes(&stream->received) + LENGTH, length, MSG_NOSIGNAL);
        } while (sent < 0 && errno == EINTR);
        int error = sent < 0 ? errno : 0;
        yamux_consume(stream, LENGTH + length);
        if (error == ECONNREFUSED) return false;
    }
    return true;
}

static void flow_readable(struct yamux_stream *stream) {
    struct flow *flow = stream->owner;
    if (!send_all(flow)) {
        refuse(flow);
    } else if (stream->host_finished) {
        free_flow(flow);
        yamux_close(stream);
    }
}

static void flow_writable(struct yamux_stream *stream) { watch_again(stream->owner); }

static void flow_ready(struct watch *watch, uint32_t events) {
    (void)events;
    static uint8_t frame[LENGTH + LARGEST];
    struct flow *flow = watch->owner;
    while (yamux_room(flow->stream) > 0) {
        ssize_t got = recv(watch->fd, frame + LENGTH, LARGEST, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno != ECONNREFUSED) break;
        if (got < 0) {
            refuse(flow);
            return;
        }
        wire_store_u16(frame, (uint16_t)got);
        yamux_write(flow->stream, frame, LENGTH + (size_t)got);
    }
    watch_again(flow);
}

static const struct yamux_handler flow_handlers = {.readable = flow_readable, .writable = flow_writable, .gone = flow_gone};

/* 0 or errno. */
static int open_flow(struct flow *flow, const union socket_address *address, socklen_t length) {
    flow->watch.fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (flow->watch.fd < 0 || connect(flow->watch.fd, &address->any, length) != 0) return errno;
    return loop_watch(&flow->watch, EPOLLIN);
}

static void begin(struct yamux_stream *stream, const union socket_address *address, socklen_t length, const char *text,
    uint16_t port) {
    struct flow *flow = calloc(1, sizeof *flow);
    if (flow == NULL) {
        reply_error(stream, CODE_SYSTEM, ENOMEM, "cannot send datagrams to %s port %u: no memory", text, port);
        return;
    }
    *flow = (struct flow){.watch = {.fd = -1, .ready = flow_ready, .owner = flow}, .stream = stream};
    int error = open_flow(flow, address, length);
    if (error != 0) {
        free_flow(flow);
        reply_error(stream, CODE_SYSTEM, error, "cannot send datagrams to %s port %u: %s", text, port, strerror(error));
        return;
    }
    stream->handler = &flow_handlers;
    stream->owner = flow;
    reply_ok(stream);
}

void datagrams_request(struct yamux_stream *stream, struct wire_reader body) {
    struct arena arena = {0};
    uint8_t family = wire_u8(&body);
    const char *text = wire_text(&body, &arena, WIRE_NAME_LIMIT);
    uint16_t port = wire_u16(&body);
    union socket_address address;
    socklen_t length;
    if (!wire_finished(&body)) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed DATAGRAMS");
    } else if (family == FAMILY_UNIX || address_parse(family, text, port, &address, &length) != 0) {
        reply_error(stream, CODE_MALFORMED, 0, "cannot send datagrams to '%s': no address of family %u", text, family);
    } else {
        begin(stream, &address, length, text, port);
    }
    arena_free(&arena);
}
