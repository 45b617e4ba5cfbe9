#include "sync.h"

#include <string.h>

const uint8_t sync_magic[SYNC_MAGIC] = {0xBA, 0x42, 'A', 'N', 'G', 'E', 'R', '-', 'S', 'Y', 'N', 'C', '-', '1', '\r', '\n'};

void sync_reset(struct sync *sync) { sync->matched = 0; }

/* The first byte of MAGIC occurs in it once: after a mismatch only that byte itself can begin a new match. */
static void match_magic(struct sync *sync, uint8_t byte) {
    if (byte == sync_magic[sync->matched]) {
        sync->matched++;
    } else {
        sync->matched = byte == sync_magic[0] ? 1 : 0;
    }
}

size_t sync_search(struct sync *sync, const uint8_t *bytes, size_t length, bool *found) {
    size_t read = 0;
    while (read < length && sync->matched < SYNC_HELLO) {
        uint8_t byte = bytes[read++];
        if (sync->matched < SYNC_MAGIC) {
            match_magic(sync, byte);
        } else {
            sync->hello[sync->matched++] = byte;
        }
    }
    *found = sync->matched == SYNC_HELLO;
    if (*found) memcpy(sync->hello, sync_magic, SYNC_MAGIC);
    return read;
}
