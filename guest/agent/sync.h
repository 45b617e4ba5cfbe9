/* The search for HELLO (PROTOCOL.md, section 1): MAGIC and a nonce in any stream of bytes. A pure state machine. */
#ifndef BANGER_SYNC_H
#define BANGER_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SYNC_MAGIC = 16, SYNC_HELLO = 32 };

struct sync {
    size_t matched;            /* bytes of MAGIC and nonce seen in a row */
    uint8_t hello[SYNC_HELLO]; /* whole when matched is SYNC_HELLO */
};

extern const uint8_t sync_magic[SYNC_MAGIC];

/* Begins a new search. */
void sync_reset(struct sync *sync);

/* Reads up to and including a HELLO's last byte; returns how many bytes were read, and whether hello is whole. */
size_t sync_search(struct sync *sync, const uint8_t *bytes, size_t length, bool *found);

#endif
