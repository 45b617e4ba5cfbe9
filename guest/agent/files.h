/* Whole files of the guest, read and replaced. */
#ifndef BANGER_FILES_H
#define BANGER_FILES_H

#include <stddef.h>
#include <sys/types.h>

/* The file as a malloc'ed, NUL-terminated text; NULL and errno. More than 4 MiB are EFBIG. */
char *files_read(const char *path, size_t *length);

/* Written beside and renamed, so that the file is old or new, never half. A symlink at path is replaced; missing parents are
 * made 0755. 0 or errno. */
int files_write(const char *path, const void *content, size_t length, mode_t mode, uid_t uid, gid_t gid);

/* The same, with an existing file's mode and owner kept (else 0644, root), and nothing done when the content is the same. */
int files_update(const char *path, const char *content);

#endif
