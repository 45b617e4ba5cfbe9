/* Execs' input and output: between pipes or a terminal, rings and streams. */
#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "exec.h"
#include "reply.h"
#include "request.h"

/* A program that has ended is silent when nothing came for so long; others may still hold its pipe. */
#define QUIET (250 * MILLISECONDS)

enum { CHUNK = 65536 };

/* What has ended may put its last words into the slack, so that its end never waits for the host. */
static size_t output_limit(const struct exec_output *output) {
    return output->exec->state == EXEC_ENDED ? RING_LIMIT + RING_SLACK : RING_LIMIT;
}

static void push(struct exec_output *output) {
    struct yamux_stream *stream = output->stream;
    if (output->exec->console) exec_console_push(output);
    if (stream == NULL) return;
    while (output->sent < output->ring.total) {
        size_t room = yamux_room(stream);
        if (room == 0) return;
        const uint8_t *bytes;
        size_t length = ring_span(&output->ring, output->sent, &bytes);
        if (length > room) length = room;
        yamux_write(stream, bytes, length);
        output->sent += length;
    }
    if (output->watch.fd < 0) yamux_finish(stream);
}

static void end_output(struct exec_output *output) {
    timer_cancel(&output->quiet);
    loop_close(&output->watch);
    push(output);
    exec_output_ended(output->exec);
}

void exec_watch_output(struct exec_output *output) {
    if (output->watch.fd < 0) return;
    bool room = ring_room(&output->ring, output_limit(output)) > 0;
    if (loop_watch(&output->watch, room ? EPOLLIN : 0) != 0) end_output(output);
}

bool exec_read_output(struct exec_output *output) {
    static uint8_t chunk[CHUNK];
    size_t room = ring_room(&output->ring, output_limit(output));
    if (room == 0) {
        exec_watch_output(output);
        return false;
    }
    ssize_t got = read(output->watch.fd, chunk, room < sizeof chunk ? room : sizeof chunk);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (got <= 0 || !ring_append(&output->ring, chunk, (size_t)got)) {
        end_output(output);
        return false;
    }
    if (output->exec->state == EXEC_ENDED) timer_set(&output->quiet, QUIET);
    push(output);
    exec_watch_output(output);
    return true;
}

static void output_ready(struct watch *watch, uint32_t events) {
    (void)events;
    exec_read_output(watch->owner);
}

/* A full ring is not silence. */
static void output_quiet(struct timer *timer) {
    struct exec_output *output = timer->owner;
    if (ring_room(&output->ring, output_limit(output)) == 0) {
        timer_set(timer, QUIET);
    } else {
        end_output(output);
    }
}

void exec_begin_output(struct exec *exec, int which, int fd) {
    struct exec_output *output = &exec->outputs[which];
    output->exec = exec;
    output->watch = (struct watch){.fd = fd, .ready = output_ready, .owner = output};
    output->quiet = (struct timer){.fire = output_quiet, .owner = output};
    if (exec->console) exec_console_begin(output);
    exec_watch_output(output);
}

void exec_program_ended(struct exec *exec) {
    for (int which = 0; which < 2; which++) {
        struct exec_output *output = &exec->outputs[which];
        if (output->watch.fd < 0) continue;
        timer_set(&output->quiet, QUIET);
        exec_watch_output(output);
    }
}

/* Acknowledgements come as 8 bytes each. False: the stream was reset. */
static bool read_numbers(struct exec_output *output, struct yamux_stream *stream) {
    while (stream->received.length > 0) {
        size_t length = sizeof output->number - output->number_length;
        if (length > stream->received.length) length = stream->received.length;
        memcpy(output->number + output->number_length, buffer_bytes(&stream->received), length);
        output->number_length += length;
        yamux_consume(stream, length);
        if (output->number_length < sizeof output->number) break;
        output->number_length = 0;
        uint64_t offset = wire_load_u64(output->number);
        if (offset > output->sent || !ring_acknowledge(&output->ring, offset)) return false;
    }
    return true;
}

static void output_readable(struct yamux_stream *stream) {
    struct exec_output *output = stream->owner;
    if (read_numbers(output, stream)) {
        exec_watch_output(output);
        return;
    }
    output->stream = NULL;
    yamux_reset(stream);
    exec_touch(output->exec);
}

static void output_writable(struct yamux_stream *stream) { push(stream->owner); }

static void output_gone(struct yamux_stream *stream) {
    struct exec_output *output = stream->owner;
    output->stream = NULL;
    exec_touch(output->exec);
}

static const struct yamux_handler output_handlers = {
    .readable = output_readable, .writable = output_writable, .gone = output_gone};

static void attach_output(struct exec_output *output, struct yamux_stream *stream, uint64_t offset) {
    if (output->stream != NULL) yamux_reset(output->stream);
    output->stream = stream;
    output->sent = offset;
    output->number_length = 0;
    stream->handler = &output_handlers;
    stream->owner = output;
    exec_touch(output->exec);
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_put_u64(&writer, offset);
    wire_end(&writer);
    reply_send(stream, &writer);
    push(output);
}

void exec_output(struct yamux_stream *stream, struct wire_reader body) {
    uint8_t id[EXEC_ID];
    wire_fixed(&body, id, EXEC_ID);
    uint8_t which = wire_u8(&body);
    uint64_t offset = wire_u64(&body);
    struct exec *exec = exec_find(id);
    if (!wire_finished(&body) || which < 1 || which > 2) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed EXEC_OUTPUT");
    } else if (exec == NULL) {
        reply_error(stream, CODE_NOT_FOUND, 0, "EXEC_OUTPUT: there is no such exec");
    } else if (exec->console) {
        reply_error(stream, CODE_STATE, 0, "EXEC_OUTPUT: the entrypoint's output goes to the console");
    } else if (which == 2 && exec->pty) {
        reply_error(stream, CODE_NOT_FOUND, 0, "EXEC_OUTPUT: an exec with a terminal has no stderr");
    } else {
        struct exec_output *output = &exec->outputs[which - 1];
        if (offset < output->ring.acknowledged || offset > output->ring.total) {
            reply_error(stream, CODE_NOT_FOUND, 0, "EXEC_OUTPUT: offset %llu is not between %llu and %llu",
                (unsigned long long)offset, (unsigned long long)output->ring.acknowledged,
                (unsigned long long)output->ring.total);
            return;
        }
        output->exec = exec;
        attach_output(output, stream, offset);
    }
}

/* The program reads no more: the host shall know it. */
static void break_input(struct exec *exec) {
    struct yamux_stream *stream = exec->input.stream;
    exec->input.stream = NULL;
    if (stream != NULL) yamux_reset(stream);
    if (!exec->pty) loop_close(&exec->input.watch);
    exec_touch(exec);
}

static void finish_input(struct exec *exec) {
    struct yamux_stream *stream = exec->input.stream;
    struct termios settings;
    if (!exec->pty) {
        loop_close(&exec->input.watch);
    } else if (tcgetattr(exec->input.watch.fd, &settings) == 0) {
        ssize_t ignored = write(exec->input.watch.fd, &settings.c_cc[VEOF], 1);
        (void)ignored;
    }
    exec->input.ended = true;
    exec->input.stream = NULL;
    yamux_close(stream);
    exec_touch(exec);
}

static void feed(struct exec *exec) {
    struct exec_input *input = &exec->input;
    struct yamux_stream *stream = input->stream;
    bool full = false;
    while (!full && stream != NULL && stream->received.length > 0) {
        ssize_t written = write(input->watch.fd, buffer_bytes(&stream->received), stream->received.length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno != EAGAIN) {
            break_input(exec);
            return;
        }
        full = written <= 0;
        if (full) break;
        input->accepted += (uint64_t)written;
        yamux_consume(stream, (size_t)written);
    }
    if (loop_watch(&input->watch, full ? EPOLLOUT : 0) != 0) {
        break_input(exec);
    } else if (stream != NULL && yamux_at_end(stream)) {
        finish_input(exec);
    }
}

static void input_ready(struct watch *watch, uint32_t events) {
    (void)events;
    feed(watch->owner);
}

static void input_readable(struct yamux_stream *stream) { feed(stream->owner); }

static void input_gone(struct yamux_stream *stream) {
    struct exec *exec = stream->owner;
    exec->input.stream = NULL;
    loop_watch(&exec->input.watch, 0);
    exec_touch(exec);
}

static const struct yamux_handler input_handlers = {.readable = input_readable, .gone = input_gone};

void exec_begin_input(struct exec *exec, int fd) {
    exec->input.watch = (struct watch){.fd = fd, .ready = input_ready, .owner = exec};
}

void exec_input(struct yamux_stream *stream, struct wire_reader body) {
    uint8_t id[EXEC_ID];
    wire_fixed(&body, id, EXEC_ID);
    struct exec *exec = exec_find(id);
    if (!wire_finished(&body)) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed EXEC_INPUT");
    } else if (exec == NULL) {
        reply_error(stream, CODE_NOT_FOUND, 0, "EXEC_INPUT: there is no such exec");
    } else if (exec->input.watch.fd < 0 || exec->input.ended) {
        reply_error(stream, CODE_STATE, 0, "EXEC_INPUT: the program's stdin is closed");
    } else {
        if (exec->input.stream != NULL) yamux_reset(exec->input.stream);
        exec->input.stream = stream;
        stream->handler = &input_handlers;
        stream->owner = exec;
        exec_touch(exec);
        struct wire_writer writer = {0};
        wire_begin(&writer, WIRE_OK);
        wire_put_u64(&writer, exec->input.accepted);
        wire_end(&writer);
        reply_send(stream, &writer);
    }
}

/* What was pushed whole still reaches the host. */
static void release_output(struct exec_output *output) {
    if (output->watch.fd < 0 && output->sent == output->ring.total) {
        yamux_close(output->stream);
    } else {
        yamux_reset(output->stream);
    }
}

void exec_free_streams(struct exec *exec) {
    for (int which = 0; which < 2; which++) {
        struct exec_output *output = &exec->outputs[which];
        if (output->stream != NULL) release_output(output);
        timer_cancel(&output->quiet);
        loop_close(&output->watch);
        loop_close(&output->console);
        ring_clear(&output->ring);
    }
    if (exec->input.stream != NULL) yamux_reset(exec->input.stream);
    loop_close(&exec->input.watch);
}
