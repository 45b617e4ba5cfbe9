/* CONNECT (PROTOCOL.md, section 6): a stream to a socket of the guest. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "loop.h"
#include "relay.h"
#include "reply.h"
#include "request.h"

#define CONNECT_LIMIT (60 * SECONDS)

/* A connection being made. */
struct connecting {
    struct watch watch;
    struct timer limit;
    struct yamux_stream *stream;
    char target[WIRE_PATH_LIMIT + 16];
};

static void connecting_readable(struct yamux_stream *stream) { (void)stream; }

static void free_connecting(struct connecting *connecting) {
    timer_cancel(&connecting->limit);
    loop_close(&connecting->watch);
    free(connecting);
}

static void connecting_gone(struct yamux_stream *stream) { free_connecting(stream->owner); }

static const struct yamux_handler connecting_handlers = {.readable = connecting_readable, .gone = connecting_gone};

static void connect_failed(struct connecting *connecting, int error) {
    reply_error(connecting->stream, CODE_SYSTEM, error, "cannot connect to %s: %s", connecting->target, strerror(error));
    free_connecting(connecting);
}

static void connect_done(struct connecting *connecting) {
    struct yamux_stream *stream = connecting->stream;
    loop_watch(&connecting->watch, 0);
    int fd = connecting->watch.fd;
    connecting->watch.fd = -1;
    free_connecting(connecting);
    reply_ok(stream);
    if (relay_start(stream, fd, NULL, NULL) && !stream->dead && stream->handler != NULL) stream->handler->readable(stream);
}

static void connect_ready(struct watch *watch, uint32_t events) {
    (void)events;
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error == 0) {
        connect_done(watch->owner);
    } else {
        connect_failed(watch->owner, error);
    }
}

static void connect_late(struct timer *timer) { connect_failed(timer->owner, ETIMEDOUT); }

static void begin_connect(struct connecting *connecting, const union socket_address *address, socklen_t length) {
    struct watch *watch = &connecting->watch;
    watch->fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int error = watch->fd < 0 || connect(watch->fd, &address->any, length) != 0 ? errno : 0;
    if (error == 0) {
        connect_done(connecting);
        return;
    }
    if (error == EINPROGRESS) error = loop_watch(watch, EPOLLOUT);
    if (error != 0) {
        connect_failed(connecting, error);
        return;
    }
    timer_set(&connecting->limit, CONNECT_LIMIT);
}

void connect_request(struct yamux_stream *stream, struct wire_reader body) {
    struct arena arena = {0};
    uint8_t family = wire_u8(&body);
    const char *text = wire_text(&body, &arena, WIRE_PATH_LIMIT);
    uint16_t port = wire_u16(&body);
    union socket_address address;
    socklen_t length;
    struct connecting *connecting = calloc(1, sizeof *connecting);
    if (!wire_finished(&body) || connecting == NULL) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed CONNECT");
        free(connecting);
    } else if (address_parse(family, text, port, &address, &length) != 0) {
        reply_error(stream, CODE_MALFORMED, 0, "cannot connect to '%s': no address of family %u", text, family);
        free(connecting);
    } else {
        *connecting = (struct connecting){.watch = {.fd = -1, .ready = connect_ready, .owner = connecting},
            .limit = {.fire = connect_late, .owner = connecting}, .stream = stream};
        const char *form = family == FAMILY_UNIX ? "%s" : "%s port %u";
        snprintf(connecting->target, sizeof connecting->target, form, text, port);
        stream->handler = &connecting_handlers;
        stream->owner = connecting;
        begin_connect(connecting, &address, length);
    }
    arena_free(&arena);
}
