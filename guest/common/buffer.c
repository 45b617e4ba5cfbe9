#include "buffer.h"

#include <stdlib.h>
#include <string.h>

/* An empty buffer above this gives its memory back. */
enum { KEPT = 4096 };

static bool reserve(struct buffer *buffer, size_t length) {
    size_t wanted = buffer->length + length;
    if (buffer->start + wanted <= buffer->capacity) return true;
    if (buffer->start > 0 && buffer->length > 0) memmove(buffer->data, buffer->data + buffer->start, buffer->length);
    buffer->start = 0;
    if (wanted <= buffer->capacity) return true;
    size_t capacity = buffer->capacity == 0 ? 512 : buffer->capacity;
    while (capacity < wanted) capacity *= 2;
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL) return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t length) {
    if (length == 0) return true;
    if (!reserve(buffer, length)) return false;
    memcpy(buffer->data + buffer->start + buffer->length, bytes, length);
    buffer->length += length;
    return true;
}

const uint8_t *buffer_bytes(const struct buffer *buffer) {
    return buffer->data == NULL ? NULL : buffer->data + buffer->start;
}

void buffer_consume(struct buffer *buffer, size_t length) {
    buffer->start += length;
    buffer->length -= length;
    if (buffer->length > 0) return;
    buffer->start = 0;
    if (buffer->capacity > KEPT) buffer_clear(buffer);
}

void buffer_clear(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}
