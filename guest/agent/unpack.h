/* Puts the entries of a tar stream below a directory, and nothing anywhere else: absolute names and `..` are refused, and no
 * symlink below the directory is followed, whoever made it, be it while this runs. What is in the way of an entry is replaced;
 * a directory stays, unless something else than a directory comes in its place and it is empty. */
#ifndef BANGER_UNPACK_H
#define BANGER_UNPACK_H

#include "tar_reader.h"

struct unpacked_directory;

struct unpack {
    int root;         /* the directory */
    bool keep_owners; /* the archive's, with set-user-ID bits and all extended attributes; else those of this process */
    uint64_t entries, bytes;
    int cached; /* the parent of the last entry, O_PATH; -1: none */
    char cached_path[TAR_NAME_LIMIT + 1];
    struct arena arena;
    struct unpacked_directory *directories; /* modes and times that are set at the end */
    char error[8192];                       /* what was tried on what */
    int error_number;
};

/* Sets umask to 0: modes are set as they should be. */
void unpack_init(struct unpack *unpack, int root, bool keep_owners);

/* Makes reader's entry, with its data. */
bool unpack_entry(struct unpack *unpack, struct tar_reader *reader);

/* Gives the directories their final modes and times. */
bool unpack_finish(struct unpack *unpack);

void unpack_free(struct unpack *unpack);

#endif
