/* The output of a program that the host has not acknowledged yet. Offsets count from the program's first byte. */
#ifndef BANGER_RING_H
#define BANGER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RING_LIMIT = 1048576, RING_SLACK = 65536 };

struct ring {
    uint8_t *data;
    size_t capacity;       /* grows as needed, up to RING_LIMIT + RING_SLACK */
    uint64_t acknowledged; /* what is below is gone */
    uint64_t total;        /* where the next byte goes */
};

/* How many bytes fit below the limit. */
size_t ring_room(const struct ring *ring, size_t limit);

/* False without memory; at most ring_room(ring, RING_LIMIT + RING_SLACK) bytes. */
bool ring_append(struct ring *ring, const uint8_t *bytes, size_t length);

/* The bytes in a row from offset on, which is between acknowledged and total. */
size_t ring_span(const struct ring *ring, uint64_t offset, const uint8_t **bytes);

/* False for an offset that is below an earlier one, or beyond the end. */
bool ring_acknowledge(struct ring *ring, uint64_t offset);

void ring_clear(struct ring *ring);

#endif
