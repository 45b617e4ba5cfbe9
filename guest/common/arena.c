#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4096 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) uint8_t bytes[];
};

static struct arena_block *block_with_room(struct arena *arena, size_t wanted) {
    struct arena_block *block = arena->blocks;
    if (block != NULL && block->size - block->used >= wanted) return block;
    size_t size = wanted > BLOCK_BYTES ? wanted : BLOCK_BYTES;
    block = calloc(1, sizeof *block + size);
    if (block == NULL) return NULL;
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_array(struct arena *arena, size_t count, size_t size) {
    if (size != 0 && count > (SIZE_MAX / 2) / size) return NULL;
    size_t alignment = alignof(max_align_t);
    size_t wanted = (count * size + alignment) / alignment * alignment;
    struct arena_block *block = block_with_room(arena, wanted);
    if (block == NULL) return NULL;
    void *memory = block->bytes + block->used;
    block->used += wanted;
    arena->used += wanted;
    return memory;
}

char *arena_text(struct arena *arena, const void *bytes, size_t length) {
    char *text = arena_array(arena, length + 1, 1);
    if (text != NULL && length > 0) memcpy(text, bytes, length);
    return text;
}

void arena_free(struct arena *arena) {
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    arena->used = 0;
}
