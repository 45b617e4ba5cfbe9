#include "ring.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 4096, KEPT = 65536 };

static size_t held(const struct ring *ring) { return (size_t)(ring->total - ring->acknowledged); }

size_t ring_room(const struct ring *ring, size_t limit) { return held(ring) >= limit ? 0 : limit - held(ring); }

size_t ring_span(const struct ring *ring, uint64_t offset, const uint8_t **bytes) {
    if (offset >= ring->total) return 0;
    size_t position = (size_t)(offset % ring->capacity);
    size_t length = (size_t)(ring->total - offset);
    *bytes = ring->data + position;
    return length < ring->capacity - position ? length : ring->capacity - position;
}

/* Moves what is held into a larger place. */
static bool grow(struct ring *ring, size_t wanted) {
    if (wanted <= ring->capacity) return true;
    size_t capacity = ring->capacity == 0 ? SMALLEST : ring->capacity;
    while (capacity < wanted) capacity *= 2;
    if (capacity > RING_LIMIT + RING_SLACK) capacity = RING_LIMIT + RING_SLACK;
    uint8_t *data = malloc(capacity);
    if (data == NULL) return false;
    for (uint64_t offset = ring->acknowledged; offset < ring->total;) {
        const uint8_t *bytes;
        size_t length = ring_span(ring, offset, &bytes);
        size_t position = (size_t)(offset % capacity);
        if (length > capacity - position) length = capacity - position;
        memcpy(data + position, bytes, length);
        offset += length;
    }
    free(ring->data);
    ring->data = data;
    ring->capacity = capacity;
    return true;
}

bool ring_append(struct ring *ring, const uint8_t *bytes, size_t length) {
    if (!grow(ring, held(ring) + length)) return false;
    while (length > 0) {
        size_t position = (size_t)(ring->total % ring->capacity);
        size_t part = length < ring->capacity - position ? length : ring->capacity - position;
        memcpy(ring->data + position, bytes, part);
        ring->total += part;
        bytes += part;
        length -= part;
    }
    return true;
}

bool ring_acknowledge(struct ring *ring, uint64_t offset) {
    if (offset < ring->acknowledged || offset > ring->total) return false;
    ring->acknowledged = offset;
    if (held(ring) == 0 && ring->capacity > KEPT) ring_clear(ring);
    return true;
}

void ring_clear(struct ring *ring) {
    free(ring->data);
    ring->data = NULL;
    ring->capacity = 0;
}
