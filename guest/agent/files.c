#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mounts.h"
#include "wire.h"

enum { READ_LIMIT = 4 * 1024 * 1024, PATH = 4200 };

char *files_read(const char *path, size_t *length) {
    /* Non-blocking: what is there may be a FIFO that nobody writes. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return NULL;
    struct stat status;
    int error = fstat(fd, &status) != 0 ? errno : !S_ISREG(status.st_mode) ? EINVAL : status.st_size > READ_LIMIT ? EFBIG : 0;
    size_t size = error == 0 ? (size_t)status.st_size : 0;
    char *text = error == 0 ? malloc(size + 1) : NULL;
    if (error == 0 && text == NULL) error = ENOMEM;
    if (error == 0 && !wire_read_all(fd, text, size)) error = errno == 0 ? EIO : errno;
    close(fd);
    if (error != 0) {
        free(text);
        errno = error;
        return NULL;
    }
    text[size] = 0;
    if (length != NULL) *length = size;
    return text;
}

static int make_parent(const char *path) {
    char parent[PATH];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) return 0;
    size_t length = (size_t)(slash - path);
    if (length >= sizeof parent) return ENAMETOOLONG;
    memcpy(parent, path, length);
    parent[length] = 0;
    return mounts_make_directory(parent, 0755);
}

static int fill(int fd, const void *content, size_t length, mode_t mode, uid_t uid, gid_t gid) {
    if (!wire_write_all(fd, content, length)) return errno;
    if (fchown(fd, uid, gid) != 0) return errno;
    return fchmod(fd, mode & 07777) != 0 ? errno : 0;
}

int files_write(const char *path, const void *content, size_t length, mode_t mode, uid_t uid, gid_t gid) {
    char beside[PATH];
    int error = make_parent(path);
    if (error != 0) return error;
    if (snprintf(beside, sizeof beside, "%s.banger-new", path) >= (int)sizeof beside) return ENAMETOOLONG;
    unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return errno;
    error = fill(fd, content, length, mode, uid, gid);
    close(fd);
    if (error == 0 && rename(beside, path) != 0) error = errno;
    if (error != 0) unlink(beside);
    return error;
}

int files_update(const char *path, const char *content) {
    size_t length = strlen(content);
    struct stat status;
    bool there = lstat(path, &status) == 0 && S_ISREG(status.st_mode);
    if (!there) return files_write(path, content, length, 0644, 0, 0);
    char *old = files_read(path, NULL);
    bool same = old != NULL && strcmp(old, content) == 0;
    free(old);
    return same ? 0 : files_write(path, content, length, status.st_mode, status.st_uid, status.st_gid);
}
