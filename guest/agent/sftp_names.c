/* The requests of SFTP about names. */
#include "sftp_names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEFAULT_FILE_MODE = 0666, DEFAULT_DIRECTORY_MODE = 0777, NO_REPLACE = 1 };

/* Replies with a handle for the descriptor, which belongs to it from here on. */
static bool reply_handle(struct sftp *sftp, uint32_t id, struct sftp_handle opened) {
    uint8_t bytes[4];
    for (uint32_t i = 0; i < SFTP_HANDLES; i++) {
        if (sftp->handles[i].file >= 0) continue;
        sftp->handles[i] = opened;
        wire_store_u32(bytes, i);
        sftp_reply_begin(sftp, SFTP_HANDLE, id);
        wire_put_bytes(&sftp->reply, bytes, sizeof bytes);
        return sftp_reply_send(sftp);
    }
    sftp_close(&opened);
    return sftp_reply_status(sftp, id, SFTP_FAILURE, "Too many handles are open");
}

static bool open_file(struct sftp *sftp, const struct sftp_request *request) {
    bool reads = request->flags & SFTP_OPEN_READ, writes = request->flags & SFTP_OPEN_WRITE;
    int flags = (writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY) | O_CLOEXEC | O_NOCTTY;
    if (request->flags & SFTP_OPEN_APPEND) flags |= O_APPEND;
    if (request->flags & SFTP_OPEN_CREATE) flags |= O_CREAT;
    if (request->flags & SFTP_OPEN_TRUNCATE) flags |= O_TRUNC;
    if (request->flags & SFTP_OPEN_EXCLUSIVE) flags |= O_EXCL;
    mode_t mode = request->attributes.flags & SFTP_HAS_MODE ? request->attributes.mode & 07777 : DEFAULT_FILE_MODE;
    /* A FIFO without a peer must not hold up the session. */
    int file = open(request->path, flags | O_NONBLOCK, mode);
    if (file < 0 || fcntl(file, F_SETFL, flags & O_APPEND) != 0) {
        int error = errno;
        if (file >= 0) close(file);
        return sftp_reply_errno(sftp, request->id, error);
    }
    return reply_handle(sftp, request->id, (struct sftp_handle){.file = file, .appends = (request->flags & SFTP_OPEN_APPEND) != 0});
}

static bool open_directory(struct sftp *sftp, const struct sftp_request *request) {
    DIR *directory = opendir(request->path);
    if (directory == NULL) return sftp_reply_errno(sftp, request->id, errno);
    return reply_handle(sftp, request->id, (struct sftp_handle){.file = dirfd(directory), .directory = directory});
}

static bool examine(struct sftp *sftp, const struct sftp_request *request) {
    struct stat status;
    int result = request->type == SFTP_LSTAT ? lstat(request->path, &status) : stat(request->path, &status);
    return result != 0 ? sftp_reply_errno(sftp, request->id, errno) : sftp_reply_stat(sftp, request->id, &status);
}

static bool set_attributes(struct sftp *sftp, const struct sftp_request *request) {
    const struct sftp_attributes *attributes = &request->attributes;
    const char *path = request->path;
    int follow = request->type == SFTP_LSETSTAT ? AT_SYMLINK_NOFOLLOW : 0, result = 0;
    struct timespec times[2] = {{.tv_sec = attributes->accessed}, {.tv_sec = attributes->modified}};
    if (attributes->flags & SFTP_HAS_SIZE) {
        if (follow != 0) return sftp_reply_errno(sftp, request->id, EINVAL);
        result = truncate(path, (off_t)(attributes->size & INT64_MAX));
    }
    if (result == 0 && (attributes->flags & SFTP_HAS_OWNER)) result = fchownat(AT_FDCWD, path, attributes->uid, attributes->gid, follow);
    if (result == 0 && (attributes->flags & SFTP_HAS_MODE)) result = fchmodat(AT_FDCWD, path, attributes->mode & 07777, follow);
    if (result == 0 && (attributes->flags & SFTP_HAS_TIMES)) result = utimensat(AT_FDCWD, path, times, follow);
    return sftp_reply_result(sftp, request->id, result);
}

static bool make_directory(struct sftp *sftp, const struct sftp_request *request) {
    mode_t mode = request->attributes.flags & SFTP_HAS_MODE ? request->attributes.mode & 07777 : DEFAULT_DIRECTORY_MODE;
    return sftp_reply_result(sftp, request->id, mkdir(request->path, mode));
}

static bool reply_name(struct sftp *sftp, uint32_t id, const char *name) {
    sftp_reply_begin(sftp, SFTP_NAME, id);
    wire_put_u32(&sftp->reply, 1);
    wire_put_text(&sftp->reply, name);
    wire_put_text(&sftp->reply, name);
    wire_put_u32(&sftp->reply, 0); /* no attributes */
    return sftp_reply_send(sftp);
}

/* The last name of a path need not exist: clients ask where a new file will be. */
static bool resolve(struct sftp *sftp, const struct sftp_request *request) {
    char resolved[PATH_MAX], parent[WIRE_PATH_LIMIT + 3], whole[2 * PATH_MAX];
    if (realpath(request->path, resolved) != NULL) return reply_name(sftp, request->id, resolved);
    if (errno != ENOENT) return sftp_reply_errno(sftp, request->id, errno);
    snprintf(parent, sizeof parent, "%s", request->path);
    size_t length = strlen(parent);
    while (length > 1 && parent[length - 1] == '/') parent[--length] = 0;
    const char *slash = strrchr(parent, '/');
    const char *base = request->path + (slash == NULL ? 0 : slash + 1 - parent);
    size_t base_length = length - (size_t)(base - request->path);
    bool dots = (base_length == 2 && memcmp(base, "..", 2) == 0) || (base_length == 1 && *base == '.');
    if (slash == NULL) {
        strcpy(parent, ".");
    } else {
        parent[slash == parent ? 1 : slash - parent] = 0;
    }
    if (dots || realpath(parent, resolved) == NULL) return sftp_reply_errno(sftp, request->id, dots ? ENOENT : errno);
    snprintf(whole, sizeof whole, "%s/%.*s", strcmp(resolved, "/") == 0 ? "" : resolved, (int)base_length, base);
    return reply_name(sftp, request->id, whole);
}

static bool read_link(struct sftp *sftp, const struct sftp_request *request) {
    char target[PATH_MAX];
    ssize_t length = readlink(request->path, target, sizeof target - 1);
    if (length < 0) return sftp_reply_errno(sftp, request->id, errno);
    target[length] = 0;
    return reply_name(sftp, request->id, target);
}

/* Version 3's rename never replaces; file systems without RENAME_NOREPLACE get a link and an unlink. */
static int rename_to_new(const char *from, const char *to) {
    struct stat status;
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, NO_REPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (lstat(from, &status) == 0 && !S_ISDIR(status.st_mode)) return link(from, to) == 0 ? unlink(from) : -1;
    if (lstat(to, &status) == 0) return errno = EEXIST, -1;
    return rename(from, to);
}

static bool reply_file_system(struct sftp *sftp, const struct sftp_request *request) {
    struct statvfs system;
    if (statvfs(request->path, &system) != 0) return sftp_reply_errno(sftp, request->id, errno);
    return sftp_reply_statvfs(sftp, request->id, &system);
}

bool sftp_on_name(struct sftp *sftp, const struct sftp_request *request) {
    const char *path = request->path, *other = request->other;
    switch (request->type) {
    case SFTP_OPEN: return open_file(sftp, request);
    case SFTP_OPENDIR: return open_directory(sftp, request);
    case SFTP_STAT:
    case SFTP_LSTAT: return examine(sftp, request);
    case SFTP_SETSTAT:
    case SFTP_LSETSTAT: return set_attributes(sftp, request);
    case SFTP_MKDIR: return make_directory(sftp, request);
    case SFTP_REALPATH: return resolve(sftp, request);
    case SFTP_READLINK: return read_link(sftp, request);
    case SFTP_STATVFS: return reply_file_system(sftp, request);
    case SFTP_REMOVE: return sftp_reply_result(sftp, request->id, unlink(path));
    case SFTP_RMDIR: return sftp_reply_result(sftp, request->id, rmdir(path));
    case SFTP_RENAME: return sftp_reply_result(sftp, request->id, rename_to_new(path, other));
    case SFTP_POSIX_RENAME: return sftp_reply_result(sftp, request->id, rename(path, other));
    /* OpenSSH sends the target first, against the draft; everybody follows OpenSSH. */
    case SFTP_SYMLINK: return sftp_reply_result(sftp, request->id, symlink(path, other));
    case SFTP_HARD_LINK: return sftp_reply_result(sftp, request->id, linkat(AT_FDCWD, path, AT_FDCWD, other, 0));
    default: return sftp_reply_status(sftp, request->id, SFTP_UNSUPPORTED, NULL);
    }
}
