#include "relay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop.h"

enum { CHUNK = 16384 };

struct relay {
    struct watch watch;
    struct yamux_stream *stream;
    void (*ended)(void *owner, bool failed);
    void *owner;
    bool from_ended; /* the descriptor is at its end, the stream has our FIN */
    bool to_ended;   /* the host's FIN was passed on */
    bool blocked;    /* the descriptor takes no more for now */
};

static void relay_readable(struct yamux_stream *stream);
static void relay_writable(struct yamux_stream *stream);
static void relay_gone(struct yamux_stream *stream);
static const struct yamux_handler relay_handlers = {
    .readable = relay_readable, .writable = relay_writable, .gone = relay_gone};

static void end(struct relay *relay, bool failed) {
    void (*ended)(void *, bool) = relay->ended;
    void *owner = relay->owner;
    loop_close(&relay->watch);
    free(relay);
    if (ended != NULL) ended(owner, failed);
}

/* Gives up both sides before their end. */
static void fail(struct relay *relay) {
    yamux_reset(relay->stream);
    end(relay, true);
}

static void watch_again(struct relay *relay) {
    bool reading = !relay->from_ended && yamux_room(relay->stream) > 0;
    uint32_t events = (reading ? (uint32_t)EPOLLIN : 0) | (relay->blocked ? (uint32_t)EPOLLOUT : 0);
    if (loop_watch(&relay->watch, events) != 0) fail(relay);
}

/* False: the relay is no more. */
static bool finished(struct relay *relay) {
    if (!relay->from_ended || !relay->to_ended) return false;
    yamux_close(relay->stream);
    end(relay, false);
    return true;
}

/* From the stream to the descriptor. False: the relay is no more. */
static bool pass_on(struct relay *relay) {
    struct yamux_stream *stream = relay->stream;
    relay->blocked = false;
    while (stream->received.length > 0 && !relay->to_ended) {
        ssize_t sent = send(relay->watch.fd, buffer_bytes(&stream->received), stream->received.length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) {
            relay->blocked = true;
            return true;
        }
        if (sent < 0) {
            /* Nobody reads there any more. What it still says goes to the host all the same. */
            relay->to_ended = true;
            break;
        }
        yamux_consume(stream, (size_t)sent);
    }
    if (relay->to_ended) yamux_consume(stream, stream->received.length);
    if (yamux_at_end(stream) && !relay->to_ended) {
        relay->to_ended = true;
        shutdown(relay->watch.fd, SHUT_WR);
    }
    return !finished(relay);
}

/* From the descriptor to the stream, one chunk. False: the relay is no more. */
static bool bring_in(struct relay *relay) {
    uint8_t chunk[CHUNK];
    size_t room = yamux_room(relay->stream);
    if (room == 0 || relay->from_ended) return true;
    ssize_t got = recv(relay->watch.fd, chunk, room < sizeof chunk ? room : sizeof chunk, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got < 0) {
        fail(relay);
        return false;
    }
    if (got > 0) {
        yamux_write(relay->stream, chunk, (size_t)got);
        return true;
    }
    relay->from_ended = true;
    yamux_finish(relay->stream);
    return !finished(relay);
}

static void relay_ready(struct watch *watch, uint32_t events) {
    struct relay *relay = watch->owner;
    if ((events & EPOLLOUT) && !pass_on(relay)) return;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !bring_in(relay)) return;
    watch_again(relay);
}

static void relay_readable(struct yamux_stream *stream) {
    struct relay *relay = stream->owner;
    if (pass_on(relay)) watch_again(relay);
}

static void relay_writable(struct yamux_stream *stream) { watch_again(stream->owner); }

static void relay_gone(struct yamux_stream *stream) {
    struct relay *relay = stream->owner;
    end(relay, !(relay->from_ended && relay->to_ended));
}

bool relay_start(struct yamux_stream *stream, int fd, void (*ended)(void *, bool), void *owner) {
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        close(fd);
        yamux_reset(stream);
        return false;
    }
    *relay = (struct relay){.watch = {.fd = fd, .ready = relay_ready, .owner = relay}, .stream = stream, .ended = ended, .owner = owner};
    stream->handler = &relay_handlers;
    stream->owner = relay;
    watch_again(relay);
    return true;
}
