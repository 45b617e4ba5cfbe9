/* Writes a tar stream: ustar headers, with a pax header before those whose fields do not hold the value. */
#ifndef BANGER_TAR_WRITER_H
#define BANGER_TAR_WRITER_H

#include "tar_reader.h"

struct tar_writer {
    /* Takes all of the bytes; false when they cannot be sent. */
    bool (*write)(void *context, const void *bytes, size_t size);
    void *context;
    unsigned padding; /* that the data under way needs at its end */
};

/* The header of an entry; a file's data, exactly entry->size bytes, follows by tar_write_data. A directory's name ends in a slash.
 * False when writing failed (errno of the write callback) or memory ran out. */
bool tar_write_entry(struct tar_writer *writer, const struct tar_entry *entry);
bool tar_write_data(struct tar_writer *writer, const void *bytes, size_t size);
bool tar_write_data_end(struct tar_writer *writer);

/* As tar_write_entry, of a file with holes: entry->size is what it has with them, the data that follows by tar_write_data is that
 * of the extents, which ascend. At its end tar_write_data_end, too. pax, sparse format 1.0. */
bool tar_write_sparse_entry(struct tar_writer *writer, const struct tar_entry *entry, const struct tar_extent *extents, size_t count);

/* The end mark. */
bool tar_write_end(struct tar_writer *writer);

#endif
