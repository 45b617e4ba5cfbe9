#include "yamux.h"

#include <stdlib.h>
#include <string.h>

#include "wire.h"

void yamux_start(struct yamux *session, void (*accepted)(struct yamux *, struct yamux_stream *), void *owner) {
    *session = (struct yamux){.accepted = accepted, .owner = owner, .next_id = 2};
}

static void encode_header(uint8_t out[YAMUX_HEADER], uint8_t type, uint16_t flags, uint32_t stream, uint32_t length) {
    out[0] = 0;
    out[1] = type;
    wire_store_u16(out + 2, flags);
    wire_store_u32(out + 4, stream);
    wire_store_u32(out + 8, length);
}

static void send_control(struct yamux *session, uint8_t type, uint16_t flags, uint32_t stream, uint32_t length) {
    uint8_t header[YAMUX_HEADER];
    encode_header(header, type, flags, stream, length);
    if (!buffer_append(&session->control, header, sizeof header)) session->broken = "no memory for a control frame";
}

bool yamux_congested(const struct yamux *session) { return session->held || session->control.length >= YAMUX_QUEUE; }

void yamux_hold(struct yamux *session) { session->held = true; }

static struct yamux_stream *find(struct yamux *session, uint32_t id) {
    for (size_t i = 0; i < session->count; i++) {
        struct yamux_stream *stream = session->streams[i];
        if (stream->id == id && !stream->dead) return stream;
    }
    return NULL;
}

static struct yamux_stream *add_stream(struct yamux *session, uint32_t id) {
    if (session->count == YAMUX_STREAMS) return NULL;
    struct yamux_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return NULL;
    stream->session = session;
    stream->id = id;
    stream->receive_window = YAMUX_WINDOW;
    stream->send_window = YAMUX_WINDOW;
    session->streams[session->count++] = stream;
    return stream;
}

static void free_stream(struct yamux_stream *stream) {
    buffer_clear(&stream->received);
    buffer_clear(&stream->queued);
    free(stream);
}

/* Marks the stream as one to free, and says so to its handler. */
static void end_stream(struct yamux_stream *stream) {
    if (stream->dead) return;
    stream->dead = true;
    if (stream->session->frame_stream == stream) stream->session->frame_stream = NULL;
    const struct yamux_handler *handler = stream->handler;
    stream->handler = NULL;
    if (handler != NULL) handler->gone(stream);
}

/* Frees the dead. Only called where no handler can be on the stack. */
static void sweep(struct yamux *session) {
    size_t kept = 0;
    for (size_t i = 0; i < session->count; i++) {
        struct yamux_stream *stream = session->streams[i];
        if (!stream->dead && stream->finished && yamux_at_end(stream)) end_stream(stream);
        if (stream->dead) {
            if (session->turn > kept) session->turn--;
            free_stream(stream);
        } else {
            session->streams[kept++] = stream;
        }
    }
    session->count = kept;
}

void yamux_drop(struct yamux *session) {
    for (size_t i = 0; i < session->count; i++) end_stream(session->streams[i]);
    for (size_t i = 0; i < session->count; i++) free_stream(session->streams[i]);
    session->count = 0;
    buffer_clear(&session->control);
}

/* Whether a new odd id was never used; from then on it is. */
static bool claim_id(struct yamux *session, uint32_t id) {
    if (id % 2 == 0) return false;
    if (id > session->highest) {
        uint32_t from = session->highest == 0 ? 1 : session->highest + 2;
        uint32_t fresh = (id - from) / 2;
        if (fresh >= YAMUX_USED) {
            memset(session->used, 0, sizeof session->used);
        } else {
            for (uint32_t other = from; other < id; other += 2) {
                session->used[other / 2 % YAMUX_USED / 8] &= (uint8_t)~(1u << (other / 2 % 8));
            }
        }
        session->highest = id;
    } else if ((session->highest - id) / 2 >= YAMUX_USED || (session->used[id / 2 % YAMUX_USED / 8] & 1u << (id / 2 % 8))) {
        return false;
    }
    session->used[id / 2 % YAMUX_USED / 8] |= (uint8_t)(1u << (id / 2 % 8));
    return true;
}

/* A SYN. NULL: the stream was refused, or the session is broken. */
static struct yamux_stream *accept_stream(struct yamux *session, uint32_t id) {
    if (!claim_id(session, id)) {
        session->broken = "a SYN for an id of the wrong parity or already used";
        return NULL;
    }
    struct yamux_stream *stream = add_stream(session, id);
    if (stream == NULL) {
        send_control(session, YAMUX_WINDOW_UPDATE, YAMUX_RST, id, 0);
        return NULL;
    }
    send_control(session, YAMUX_WINDOW_UPDATE, YAMUX_ACK, id, 0);
    session->accepted(session, stream);
    return stream;
}

static void call_readable(struct yamux_stream *stream) {
    if (stream->dead) return;
    if (stream->handler != NULL) {
        stream->handler->readable(stream);
    } else {
        yamux_consume(stream, stream->received.length);
    }
}

static void receive_finish(struct yamux_stream *stream) {
    if (stream->dead || stream->host_finished) return;
    stream->host_finished = true;
    call_readable(stream);
}

static void call_writable(struct yamux_stream *stream) {
    if (!stream->starved || stream->dead || yamux_room(stream) == 0) return;
    stream->starved = false;
    if (stream->handler != NULL && stream->handler->writable != NULL) stream->handler->writable(stream);
}

static void receive_window(struct yamux *session, struct yamux_stream *stream, uint32_t delta) {
    if (delta > UINT32_MAX - stream->send_window) {
        session->broken = "a window passes 2^32-1";
        return;
    }
    stream->send_window += delta;
}

static void receive_ping(struct yamux *session, uint16_t flags, uint32_t value) {
    if (flags & YAMUX_SYN) send_control(session, YAMUX_PING, YAMUX_ACK, 0, value);
}

/* A header of a data frame or a window update. */
static void receive_stream_header(struct yamux *session, uint8_t type, uint16_t flags, uint32_t id, uint32_t length) {
    struct yamux_stream *stream = flags & YAMUX_SYN ? accept_stream(session, id) : find(session, id);
    if (session->broken != NULL) return;
    if (type == YAMUX_DATA) {
        session->frame_left = length;
        session->frame_flags = flags;
        session->frame_stream = stream;
        if (stream == NULL || stream->dead || stream->host_finished) {
            session->frame_stream = NULL;
            return;
        }
        if (length > stream->receive_window) session->broken = "data beyond the window";
        stream->receive_window -= length;
        return;
    }
    if (stream == NULL || stream->dead) return;
    receive_window(session, stream, length);
    if (session->broken != NULL) return;
    if (flags & YAMUX_RST) end_stream(stream);
    if (flags & YAMUX_FIN) receive_finish(stream);
}

static void receive_header(struct yamux *session) {
    const uint8_t *header = session->header;
    uint8_t type = header[1];
    uint16_t flags = wire_load_u16(header + 2);
    uint32_t id = wire_load_u32(header + 4);
    uint32_t length = wire_load_u32(header + 8);
    if (type == YAMUX_PING) {
        receive_ping(session, flags, length);
    } else if (type == YAMUX_GO_AWAY) {
        session->host_leaves = true;
    } else if (type > YAMUX_GO_AWAY) {
        session->broken = "an unknown frame type";
    } else if (type == YAMUX_DATA && length > YAMUX_FRAME_LIMIT) {
        session->broken = "a data frame above the limit";
    } else {
        receive_stream_header(session, type, flags, id, length);
    }
}

/* The last byte of a data frame has been read. */
static void end_frame(struct yamux *session) {
    struct yamux_stream *stream = session->frame_stream;
    session->frame_stream = NULL;
    session->header_length = 0;
    if (stream == NULL) return;
    if (session->frame_flags & YAMUX_RST) {
        end_stream(stream);
        return;
    }
    if (session->frame_flags & YAMUX_FIN) {
        receive_finish(stream);
    } else {
        call_readable(stream);
    }
}

static size_t receive_data(struct yamux *session, const uint8_t *bytes, size_t length) {
    size_t taken = length < session->frame_left ? length : session->frame_left;
    struct yamux_stream *stream = session->frame_stream;
    session->frame_left -= (uint32_t)taken;
    if (stream != NULL && !buffer_append(&stream->received, bytes, taken)) {
        session->broken = "no memory for what a stream receives";
    }
    return taken;
}

size_t yamux_input(struct yamux *session, const uint8_t *bytes, size_t length) {
    size_t read = 0;
    while (read < length && session->broken == NULL && !yamux_congested(session)) {
        if (session->header_length == YAMUX_HEADER) {
            read += receive_data(session, bytes + read, length - read);
            if (session->broken == NULL && session->frame_left == 0) end_frame(session);
            continue;
        }
        if (session->header_length == 0 && bytes[read] != 0) {
            session->broken = "a byte that begins no frame";
            break;
        }
        session->header[session->header_length++] = bytes[read++];
        if (session->header_length < YAMUX_HEADER) continue;
        session->frame_left = 0;
        session->frame_stream = NULL;
        session->frame_flags = 0;
        receive_header(session);
        if (session->broken == NULL && session->frame_left == 0) end_frame(session);
    }
    if (session->broken == NULL) sweep(session);
    return read;
}

/* The next frame of a stream, if it has something to say and may. */
static size_t stream_frame(struct yamux_stream *stream, uint8_t *out, size_t room) {
    if (stream->dead || stream->finished) return 0;
    size_t length = stream->queued.length;
    if (length > YAMUX_FRAME_OUTPUT) length = YAMUX_FRAME_OUTPUT;
    if (length > stream->send_window) length = stream->send_window;
    if (length > room - YAMUX_HEADER) length = room - YAMUX_HEADER;
    bool finish = stream->finishing && length == stream->queued.length;
    if (length == 0 && !finish && !stream->opening) return 0;
    uint16_t flags = (uint16_t)((stream->opening ? YAMUX_SYN : 0) | (finish ? YAMUX_FIN : 0));
    encode_header(out, YAMUX_DATA, flags, stream->id, (uint32_t)length);
    if (length > 0) {
        memcpy(out + YAMUX_HEADER, buffer_bytes(&stream->queued), length);
        buffer_consume(&stream->queued, length);
    }
    stream->send_window -= (uint32_t)length;
    stream->opening = false;
    stream->finished = finish;
    return YAMUX_HEADER + length;
}

static size_t control_frames(struct yamux *session, uint8_t *out, size_t room) {
    size_t length = session->control.length < room ? session->control.length : room;
    length -= length % YAMUX_HEADER;
    if (length == 0) return 0;
    memcpy(out, buffer_bytes(&session->control), length);
    buffer_consume(&session->control, length);
    return length;
}

size_t yamux_output(struct yamux *session, uint8_t *out, size_t room) {
    session->held = false;
    size_t length = control_frames(session, out, room);
    size_t silent = 0;
    while (session->control.length == 0 && silent < session->count && room - length > YAMUX_HEADER) {
        if (session->turn >= session->count) session->turn = 0;
        struct yamux_stream *stream = session->streams[session->turn++];
        size_t frame = stream_frame(stream, out + length, room - length);
        length += frame;
        silent = frame == 0 ? silent + 1 : 0;
        if (frame > 0) call_writable(stream);
    }
    sweep(session);
    return length;
}

struct yamux_stream *yamux_open(struct yamux *session, const struct yamux_handler *handler, void *owner) {
    if (session->host_leaves || session->next_id > UINT32_MAX - 2) return NULL;
    struct yamux_stream *stream = add_stream(session, session->next_id);
    if (stream == NULL) return NULL;
    session->next_id += 2;
    stream->handler = handler;
    stream->owner = owner;
    stream->opening = true;
    return stream;
}

size_t yamux_room(struct yamux_stream *stream) {
    if (stream->dead || stream->finishing || stream->queued.length >= YAMUX_QUEUE) {
        stream->starved = true;
        return 0;
    }
    return YAMUX_QUEUE - stream->queued.length;
}

void yamux_write(struct yamux_stream *stream, const void *bytes, size_t length) {
    if (stream->dead || stream->finishing) return;
    if (!buffer_append(&stream->queued, bytes, length)) stream->session->broken = "no memory for what a stream sends";
}

void yamux_consume(struct yamux_stream *stream, size_t length) {
    if (length == 0) return;
    buffer_consume(&stream->received, length);
    stream->consumed += (uint32_t)length;
    if (stream->dead || stream->host_finished || stream->consumed < YAMUX_WINDOW / 2) return;
    send_control(stream->session, YAMUX_WINDOW_UPDATE, 0, stream->id, stream->consumed);
    stream->receive_window += stream->consumed;
    stream->consumed = 0;
}

bool yamux_at_end(const struct yamux_stream *stream) { return stream->host_finished && stream->received.length == 0; }

void yamux_finish(struct yamux_stream *stream) { stream->finishing = true; }

void yamux_close(struct yamux_stream *stream) {
    stream->handler = NULL;
    stream->finishing = true;
    yamux_consume(stream, stream->received.length);
}

void yamux_reset(struct yamux_stream *stream) {
    if (stream->dead) return;
    stream->handler = NULL;
    send_control(stream->session, YAMUX_WINDOW_UPDATE, YAMUX_RST, stream->id, 0);
    end_stream(stream);
}
