/* One yamux session (PROTOCOL.md, section 2) as a pure state machine: bytes come in by yamux_input and go out by yamux_output,
 * nothing here knows a descriptor. The agent is yamux's server: the host opens odd streams, the agent even ones.
 *
 * A stream's memory is bounded by its window, and by what its user writes beyond yamux_room. A handler may do anything to its
 * own or any other stream while it is called; streams are freed only between calls. */
#ifndef BANGER_YAMUX_H
#define BANGER_YAMUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

enum {
    YAMUX_HEADER = 12,
    YAMUX_WINDOW = 262144,
    YAMUX_FRAME_LIMIT = 65536,  /* data in a frame that comes in */
    YAMUX_FRAME_OUTPUT = 16384, /* data in a frame that goes out */
    YAMUX_STREAMS = 256,
    YAMUX_QUEUE = 65536, /* bytes a stream, or the control frames, may queue before they must wait */
    YAMUX_USED = 1024,   /* how far back the session knows exactly which of the host's ids were used */
};

enum { YAMUX_DATA, YAMUX_WINDOW_UPDATE, YAMUX_PING, YAMUX_GO_AWAY };
enum { YAMUX_SYN = 1, YAMUX_ACK = 2, YAMUX_FIN = 4, YAMUX_RST = 8 };

struct yamux;
struct yamux_stream;

struct yamux_handler {
    /* Bytes or the host's FIN have come. */
    void (*readable)(struct yamux_stream *stream);
    /* There is room again in the queue. May be NULL. */
    void (*writable)(struct yamux_stream *stream);
    /* The stream was reset, the session dropped, or both sides have finished: the last call. */
    void (*gone)(struct yamux_stream *stream);
};

struct yamux_stream {
    struct yamux *session;
    uint32_t id;
    const struct yamux_handler *handler; /* NULL: what comes is read away */
    void *owner;                         /* the handler's */
    struct buffer received;
    struct buffer queued;
    uint32_t receive_window; /* what the host may still send */
    uint32_t send_window;    /* what the agent may still send */
    uint32_t consumed;       /* taken from received, not yet given back to the host's window */
    bool host_finished;
    bool finishing; /* a FIN follows what is queued */
    bool finished;  /* the FIN is out */
    bool starved;   /* writable is owed a call */
    bool dead;      /* to be freed */
    bool opening;   /* the agent's SYN is not out yet */
};

struct yamux {
    struct yamux_stream *streams[YAMUX_STREAMS];
    size_t count;
    size_t turn; /* whose frame is next */
    void (*accepted)(struct yamux *session, struct yamux_stream *stream); /* sets a new stream's handler */
    void *owner;
    uint8_t header[YAMUX_HEADER];
    size_t header_length;
    uint32_t frame_left;               /* data bytes still to come of the frame under way */
    struct yamux_stream *frame_stream; /* whose they are; NULL: nobody's */
    uint16_t frame_flags;
    struct buffer control; /* frames without data that wait to be sent */
    uint32_t highest;      /* the highest odd id seen */
    uint8_t used[YAMUX_USED / 8];
    uint32_t next_id;
    bool held;        /* input waits for the next output */
    bool host_leaves; /* it said go away: the agent opens no more streams */
    const char *broken; /* why the session must be dropped */
};

void yamux_start(struct yamux *session, void (*accepted)(struct yamux *, struct yamux_stream *), void *owner);

/* Ends every stream and frees everything; yamux_start may follow. Not to be called by a handler. */
void yamux_drop(struct yamux *session);

/* Reads bytes, calls handlers; returns how many were read. Fewer than given: the session broke the rules (broken says how) and
 * the rest was not looked at, or it waits for yamux_output first. */
size_t yamux_input(struct yamux *session, const uint8_t *bytes, size_t length);

/* Writes whole frames to out, the streams in turn, and returns their length. */
size_t yamux_output(struct yamux *session, uint8_t *out, size_t room);

/* Input has to wait: too many control frames do, or it is held. */
bool yamux_congested(const struct yamux *session);

/* What was said reaches the host before more of what it said is read. */
void yamux_hold(struct yamux *session);

/* Opens an even stream, or NULL when there are too many, the host leaves, or there is no memory. */
struct yamux_stream *yamux_open(struct yamux *session, const struct yamux_handler *handler, void *owner);

/* How many bytes may be queued before the host has to take some. At 0, writable will be called. */
size_t yamux_room(struct yamux_stream *stream);

/* Queues all of it, also beyond yamux_room (for replies, which are bounded). Without memory the session is
 * broken. */
void yamux_write(struct yamux_stream *stream, const void *bytes, size_t length);

/* Takes bytes from received and opens the host's window again. */
void yamux_consume(struct yamux_stream *stream, size_t length);

/* Everything the host sent was consumed and nothing will follow. */
bool yamux_at_end(const struct yamux_stream *stream);

/* FIN after what is queued. The handler stays, for what the host still sends. */
void yamux_finish(struct yamux_stream *stream);

/* FIN after what is queued; the handler is not called again, what still comes is read away. */
void yamux_close(struct yamux_stream *stream);

/* RST; the handler is not called again. */
void yamux_reset(struct yamux_stream *stream);

#endif
