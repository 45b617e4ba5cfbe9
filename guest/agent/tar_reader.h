/* Reads a tar stream: ustar, pax, old tar, GNU long names, and the sparse files of GNU tar and pax.
 *
 * Every length is limited; whatever the bytes are, an entry's fields are consistent: its name is not empty, its extents ascend,
 * lie within its size and hold together as many bytes as are stored. Whether a name may be used is the caller's question. */
#ifndef BANGER_TAR_READER_H
#define BANGER_TAR_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arena.h"

enum {
    TAR_BLOCK = 512,
    TAR_NAME_LIMIT = 4096,
    TAR_PAX_LIMIT = 1048576,
    TAR_XATTR_LIMIT = 128,
    TAR_EXTENT_LIMIT = 65536,
};

enum tar_type {
    TAR_FILE = '0',
    TAR_HARD_LINK = '1',
    TAR_SYMLINK = '2',
    TAR_CHARACTER = '3',
    TAR_BLOCK_DEVICE = '4',
    TAR_DIRECTORY = '5',
    TAR_FIFO = '6',
};

struct tar_xattr {
    const char *name;
    const uint8_t *value;
    size_t length;
};

struct tar_extent {
    uint64_t offset, length;
};

struct tar_entry {
    enum tar_type type;
    const char *name;
    const char *link; /* of a hard link or symlink, else "" */
    uint32_t mode;    /* permission bits */
    uint64_t uid, gid;
    uint64_t size; /* of the file; 0 unless type is TAR_FILE */
    int64_t seconds;
    uint32_t nanos;
    uint32_t major, minor;
    struct tar_xattr xattrs[TAR_XATTR_LIMIT];
    size_t xattr_count;
};

/* What pax records say about the next entry (or, from a global header, about every one). */
struct tar_overrides {
    const char *name, *link, *sparse_name; /* NULL: not said */
    bool has_size, has_uid, has_gid, has_time;
    uint64_t size, uid, gid;
    int64_t seconds;
    uint32_t nanos;
    struct tar_xattr xattrs[TAR_XATTR_LIMIT];
    size_t xattr_count;
    bool sparse, sparse_map_in_data;
    uint64_t real_size;
    bool has_real_size;
};

struct tar_reader {
    /* Reads up to size bytes: how many, 0 at the end, -1 with errno. */
    ssize_t (*read)(void *context, void *buffer, size_t size);
    void *context;
    struct arena arena;    /* of the entry under way */
    struct arena globals;  /* of what global headers say */
    struct tar_overrides global, next;
    struct tar_entry entry;
    uint64_t stored;  /* bytes of the entry that are still in the stream */
    unsigned padding; /* bytes after them */
    struct tar_extent *extents;
    size_t extent_count, extent; /* extent: the one that is being read */
    uint64_t extent_done;        /* bytes of it */
    char error[512];             /* why the stream is bad */
    int error_number;            /* errno of a failed read, else 0 */
};

void tar_reader_init(struct tar_reader *reader, ssize_t (*read)(void *context, void *buffer, size_t size), void *context);
void tar_reader_free(struct tar_reader *reader);

/* 1 and the next entry in reader->entry (what was not read of the last one is skipped); 0 at the end mark; -1: see error. */
int tar_next(struct tar_reader *reader);

/* The next piece of a file's data and where in the file it belongs: its length, 0 at the end, -1: see error. */
ssize_t tar_read(struct tar_reader *reader, void *buffer, size_t size, uint64_t *offset);

/* For the parts of the reader. */
bool tar_bad(struct tar_reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool tar_fill(struct tar_reader *reader, void *buffer, size_t size);
bool tar_pax(struct tar_reader *reader, struct tar_overrides *overrides, struct arena *arena, uint64_t size);
bool tar_add_extent(struct tar_reader *reader, uint64_t offset, uint64_t length);
bool tar_sparse_header(struct tar_reader *reader, const uint8_t header[TAR_BLOCK]);
bool tar_sparse_data_map(struct tar_reader *reader);
bool tar_number(const uint8_t *field, size_t width, uint64_t *value);

#endif
