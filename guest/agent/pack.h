/* Writes a file or a directory with all below it as a tar stream. Symlinks are not followed, hard links are kept, sockets and the
 * kernel's own file systems (/proc, /sys, ...) are left out. */
#ifndef BANGER_PACK_H
#define BANGER_PACK_H

#include "tar_writer.h"

enum { PACK_DEPTH = 256, PACK_BUCKETS = 4096 };

struct pack_link;

struct pack {
    struct tar_writer writer;
    uint64_t entries, bytes;
    char name[TAR_NAME_LIMIT + 2]; /* of the entry under way */
    struct arena arena;            /* of the hard links */
    struct pack_link *links[PACK_BUCKETS];
    bool sparse;      /* files with holes are written as such */
    bool unsent;      /* the writer's callback failed: nobody is listening any more */
    char error[8192]; /* what was tried on what */
    int error_number;
};

/* Packs what is called base in the directory (a descriptor); in the archive its name begins with name. */
bool pack_tree(struct pack *pack, int directory, const char *base, const char *name);

void pack_free(struct pack *pack);

#endif
