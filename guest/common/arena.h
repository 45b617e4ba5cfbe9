/* Memory that is given back all at once. What it hands out is zeroed and stays until arena_free. */
#ifndef BANGER_ARENA_H
#define BANGER_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used; /* bytes handed out, for those who set limits */
};

/* Zeroed memory for count items of size bytes, or NULL without memory. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of length bytes, or NULL without memory. */
char *arena_text(struct arena *arena, const void *bytes, size_t length);

void arena_free(struct arena *arena);

#endif
