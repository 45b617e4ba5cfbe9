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

/* A boot waits for each system call: what is as it should be is left alone. */
static int fill(int fd, const void *content, size_t length, mode_t mode, uid_t uid, gid_t gid) {
    struct stat status;
    if (!wire_write_all(fd, content, length) || fstat(fd, &status) != 0) return errno;
    bool given = status.st_uid != uid || status.st_gid != gid;
    if (given && fchown(fd, uid, gid) != 0) return errno;
    if (!given && (status.st_mode & 07777) == (mode & 07777)) return 0;
    return fchmod(fd, mode & 07777) != 0 ? errno : 0;
}

static int make_new(const char *path, mode_t mode) {
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
}

/* What is in the way, or missing on it, is seen to only then. -1 and errno. */
static int make_beside(const char *path, const char *beside, mode_t mode) {
    int fd = make_new(beside, mode);
    if (fd >= 0 || (errno != EEXIST && errno != ENOENT)) return fd;
    int error = errno == EEXIST ? (unlink(beside) != 0 ? errno : 0) : make_parent(path);
    errno = error;
    return error == 0 ? make_new(beside, mode) : -1;
}

int files_write(const char *path, const void *content, size_t length, mode_t mode, uid_t uid, gid_t gid) {
    char beside[PATH];
    if (snprintf(beside, sizeof beside, "%s.banger-new", path) >= (int)sizeof beside) return ENAMETOOLONG;
    int fd = make_beside(path, beside, mode);
    if (fd < 0) return errno;
    int error = fill(fd, content, length, mode, uid, gid);
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
