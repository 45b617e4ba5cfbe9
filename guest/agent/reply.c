#include "reply.h"

#include <stdarg.h>
#include <stdio.h>

void reply_send(struct yamux_stream *stream, struct wire_writer *writer) {
    if (writer->failed) {
        wire_clear(writer);
        wire_error(writer, CODE_LIMIT, 0, "cannot build the reply: it is above the limit of a message, or there is no memory");
    }
    yamux_write(stream, writer->data, writer->length);
    wire_clear(writer);
}

void reply_last(struct yamux_stream *stream, struct wire_writer *writer) {
    reply_send(stream, writer);
    yamux_close(stream);
}

void reply_ok(struct yamux_stream *stream) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_end(&writer);
    reply_send(stream, &writer);
}

void reply_done(struct yamux_stream *stream) {
    reply_ok(stream);
    yamux_close(stream);
}

void reply_error(struct yamux_stream *stream, enum wire_code code, int error, const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct wire_writer writer = {0};
    wire_error(&writer, code, error, "%s", text);
    reply_last(stream, &writer);
}
