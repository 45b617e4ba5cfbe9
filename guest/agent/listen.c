/* LISTEN (PROTOCOL.md, section 6): a socket in the guest whose connections become streams that the agent opens. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "loop.h"
#include "relay.h"
#include "reply.h"
#include "request.h"
#include "session.h"

enum { BACKLOG = 128 };

#define ANSWER_LIMIT (60 * SECONDS)

struct listener {
    struct watch watch;
    uint64_t id;
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path + 1]; /* of a Unix socket, removed at the end; else empty */
};

/* A connection the host has not yet answered for. */
struct incoming {
    struct timer limit;
    struct yamux_stream *stream;
    int fd;
};

static uint64_t last_id;

static void free_incoming(struct incoming *incoming) {
    timer_cancel(&incoming->limit);
    if (incoming->fd >= 0) close(incoming->fd);
    free(incoming);
}

static void incoming_gone(struct yamux_stream *stream) { free_incoming(stream->owner); }

static void refuse_incoming(struct incoming *incoming) {
    yamux_reset(incoming->stream);
    free_incoming(incoming);
}

static void incoming_late(struct timer *timer) { refuse_incoming(timer->owner); }

/* The answer is an empty OK; anything else refuses the connection. */
static void incoming_readable(struct yamux_stream *stream) {
    static const uint8_t ok[WIRE_HEADER] = {0, 0, 0, 2, 0, WIRE_OK};
    struct incoming *incoming = stream->owner;
    if (stream->received.length < sizeof ok && !stream->host_finished) return;
    if (stream->received.length < sizeof ok || memcmp(buffer_bytes(&stream->received), ok, sizeof ok) != 0) {
        refuse_incoming(incoming);
        return;
    }
    yamux_consume(stream, sizeof ok);
    int fd = incoming->fd;
    incoming->fd = -1;
    free_incoming(incoming);
    if (relay_start(stream, fd, NULL, NULL) && !stream->dead && stream->handler != NULL) stream->handler->readable(stream);
}

static const struct yamux_handler incoming_handlers = {.readable = incoming_readable, .gone = incoming_gone};

static void announce(struct listener *listener, int fd, const union socket_address *peer) {
    struct yamux *session = session_yamux();
    struct incoming *incoming = calloc(1, sizeof *incoming);
    struct yamux_stream *stream = incoming == NULL || session == NULL ? NULL : yamux_open(session, &incoming_handlers, incoming);
    if (stream == NULL) {
        free(incoming);
        close(fd);
        return;
    }
    *incoming = (struct incoming){.limit = {.fire = incoming_late, .owner = incoming}, .stream = stream, .fd = fd};
    timer_set(&incoming->limit, ANSWER_LIMIT);
    char text[INET6_ADDRSTRLEN];
    uint16_t port;
    address_print(peer, text, sizeof text, &port);
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_INCOMING);
    wire_put_u64(&writer, listener->id);
    wire_put_text(&writer, text);
    wire_put_u16(&writer, port);
    wire_end(&writer);
    reply_send(stream, &writer);
}

static void listener_ready(struct watch *watch, uint32_t events) {
    (void)events;
    union socket_address peer = {0};
    socklen_t length = sizeof peer;
    int fd = accept4(watch->fd, &peer.any, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) announce(watch->owner, fd, &peer);
}

static void free_listener(struct listener *listener) {
    loop_close(&listener->watch);
    if (listener->path[0] != 0) unlink(listener->path);
    free(listener);
}

static void listener_gone(struct yamux_stream *stream) { free_listener(stream->owner); }

/* The host's FIN ends the listener as its reset does. */
static void listener_readable(struct yamux_stream *stream) {
    yamux_consume(stream, stream->received.length);
    if (!stream->host_finished) return;
    free_listener(stream->owner);
    yamux_close(stream);
}

static const struct yamux_handler listener_handlers = {.readable = listener_readable, .gone = listener_gone};

/* Removes a socket that an earlier listener left: one on which nobody listens. */
static void remove_stale(const union socket_address *address, socklen_t length) {
    struct stat status;
    if (lstat(address->path.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    if (connect(fd, &address->any, length) != 0 && errno == ECONNREFUSED) unlink(address->path.sun_path);
    close(fd);
}

/* 0 or errno. */
static int open_listener(struct listener *listener, const union socket_address *address, socklen_t length, uint32_t mode) {
    bool local = address->any.sa_family == AF_UNIX;
    if (local) remove_stale(address, length);
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return errno;
    listener->watch.fd = fd;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    mode_t mask = umask(0177);
    int error = bind(fd, &address->any, length) != 0 ? errno : 0;
    umask(mask);
    if (error != 0) return error;
    if (local) strcpy(listener->path, address->path.sun_path);
    if (local && chmod(listener->path, mode & 0777) != 0) return errno;
    if (listen(fd, BACKLOG) != 0) return errno;
    return loop_watch(&listener->watch, EPOLLIN);
}

static void reply_listening(struct yamux_stream *stream, struct listener *listener) {
    union socket_address bound = {0};
    socklen_t length = sizeof bound;
    char text[INET6_ADDRSTRLEN];
    uint16_t port = 0;
    if (getsockname(listener->watch.fd, &bound.any, &length) == 0) address_print(&bound, text, sizeof text, &port);
    stream->handler = &listener_handlers;
    stream->owner = listener;
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_put_u64(&writer, listener->id);
    wire_put_u16(&writer, port);
    wire_end(&writer);
    reply_send(stream, &writer);
}

static void begin_listen(struct yamux_stream *stream, const union socket_address *address, socklen_t length, uint32_t mode,
    const char *text) {
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        reply_error(stream, CODE_SYSTEM, ENOMEM, "cannot listen on '%s': no memory", text);
        return;
    }
    listener->watch = (struct watch){.fd = -1, .ready = listener_ready, .owner = listener};
    listener->id = ++last_id;
    int error = open_listener(listener, address, length, mode);
    if (error != 0) {
        free_listener(listener);
        reply_error(stream, CODE_SYSTEM, error, "cannot listen on '%s': %s", text, strerror(error));
        return;
    }
    reply_listening(stream, listener);
}

void listen_request(struct yamux_stream *stream, struct wire_reader body) {
    struct arena arena = {0};
    uint8_t family = wire_u8(&body);
    const char *text = wire_text(&body, &arena, WIRE_PATH_LIMIT);
    uint16_t port = wire_u16(&body);
    uint32_t mode = wire_u32(&body);
    union socket_address address;
    socklen_t length;
    if (!wire_finished(&body)) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed LISTEN");
    } else if (address_parse(family, text, port, &address, &length) != 0) {
        reply_error(stream, CODE_MALFORMED, 0, "cannot listen on '%s': no address of family %u", text, family);
    } else {
        begin_listen(stream, &address, length, mode, text);
    }
    arena_free(&arena);
}
