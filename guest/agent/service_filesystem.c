/* SYNC, FREEZE, THAW, GROW and TRIM: what is asked of a mounted file system as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "answer.h"
#include "services.h"

#define EXT4_MAGIC 0xEF53
#define EXT4_RESIZE _IOW('f', 16, uint64_t)
#define SECTOR 512

/* Calls what for the directory that the request names; what sends the reply. */
static int with_directory(const uint8_t *body, size_t length, int fd, void (*what)(int, const char *, int)) {
    struct arena arena = {0};
    struct wire_reader reader = wire_reader(body, length);
    const char *path = wire_text(&reader, &arena, WIRE_PATH_LIMIT);
    if (!wire_finished(&reader) || *path != '/') {
        answer_error(fd, CODE_MALFORMED, "the request is not one absolute path");
    } else {
        int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (directory < 0) {
            answer_errno(fd, errno, "cannot open directory %s", path);
        } else {
            what(directory, path, fd);
            close(directory);
        }
    }
    arena_free(&arena);
    return 0;
}

static void reply_size(int fd, uint64_t size) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_put_u64(&writer, size);
    answer_message(fd, &writer);
}

static void freeze(int directory, const char *path, int fd) {
    if (ioctl(directory, FIFREEZE, 0) == 0) {
        answer_ok(fd);
    } else if (errno == EBUSY) {
        answer_error(fd, CODE_STATE, "the file system at %s is frozen already", path);
    } else {
        answer_errno(fd, errno, "cannot freeze the file system at %s", path);
    }
}

static void thaw(int directory, const char *path, int fd) {
    if (ioctl(directory, FITHAW, 0) == 0) {
        answer_ok(fd);
    } else if (errno == EINVAL) {
        answer_error(fd, CODE_STATE, "the file system at %s is not frozen", path);
    } else {
        answer_errno(fd, errno, "cannot thaw the file system at %s", path);
    }
}

/* Size in bytes of the block device with this number. 0 with errno set when there is none. */
static uint64_t device_size(dev_t device) {
    char path[64];
    unsigned long long sectors = 0;
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/size", major(device), minor(device));
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    if (fscanf(file, "%llu", &sectors) != 1) sectors = 0;
    fclose(file);
    errno = EIO;
    return sectors * SECTOR;
}

static void grow(int directory, const char *path, int fd) {
    struct stat status;
    struct statfs system;
    if (fstat(directory, &status) != 0 || fstatfs(directory, &system) != 0) {
        answer_errno(fd, errno, "cannot examine the file system at %s", path);
        return;
    }
    if (system.f_type != EXT4_MAGIC || system.f_bsize <= 0) {
        answer_error(fd, CODE_UNSUPPORTED, "cannot grow the file system at %s: it is not ext4", path);
        return;
    }
    uint64_t size = device_size(status.st_dev);
    if (size == 0) {
        answer_errno(fd, errno, "cannot find the size of the device below %s", path);
        return;
    }
    uint64_t block = (uint64_t)system.f_bsize, blocks = size / block;
    if (ioctl(directory, EXT4_RESIZE, &blocks) != 0) {
        answer_errno(fd, errno, "cannot grow the file system at %s to %llu bytes", path, (unsigned long long)(blocks * block));
        return;
    }
    reply_size(fd, blocks * block);
}

static void trim(int directory, const char *path, int fd) {
    struct fstrim_range range = {.len = UINT64_MAX};
    if (ioctl(directory, FITRIM, &range) == 0) {
        reply_size(fd, range.len);
    } else {
        answer_errno(fd, errno, "cannot trim the file system at %s", path);
    }
}

int service_sync(const uint8_t *body, size_t length, int fd) {
    (void)body;
    if (length != 0) {
        answer_error(fd, CODE_MALFORMED, "the request has a body of %zu bytes, and should have none", length);
        return 0;
    }
    sync();
    answer_ok(fd);
    return 0;
}

int service_freeze(const uint8_t *body, size_t length, int fd) { return with_directory(body, length, fd, freeze); }
int service_thaw(const uint8_t *body, size_t length, int fd) { return with_directory(body, length, fd, thaw); }
int service_grow(const uint8_t *body, size_t length, int fd) { return with_directory(body, length, fd, grow); }
int service_trim(const uint8_t *body, size_t length, int fd) { return with_directory(body, length, fd, trim); }
