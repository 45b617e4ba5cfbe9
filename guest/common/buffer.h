/* Bytes in the order they came: appended at the end, consumed from the start. */
#ifndef BANGER_BUFFER_H
#define BANGER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data;
    size_t start;
    size_t length;
    size_t capacity;
};

/* False without memory; then nothing was appended. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t length);
const uint8_t *buffer_bytes(const struct buffer *buffer);
void buffer_consume(struct buffer *buffer, size_t length);
void buffer_clear(struct buffer *buffer);

#endif
