#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "services.h"

static void reply_status(int fd, const char *path, bool follow, struct stat *status) {
    char target[PATH_MAX] = "";
    struct stat followed;
    if (S_ISLNK(status->st_mode)) {
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length < 0) {
            answer_errno(fd, errno, "cannot read the symlink %s", path);
            return;
        }
        target[length] = 0;
    }
    bool exists = follow || stat(path, &followed) == 0;
    if (follow) followed = *status;
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_put_u32(&writer, status->st_mode);
    wire_put_u32(&writer, status->st_uid);
    wire_put_u32(&writer, status->st_gid);
    wire_put_u64(&writer, (uint64_t)status->st_size);
    wire_put_i64(&writer, (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec);
    wire_put_text(&writer, target);
    wire_put_u8(&writer, exists && S_ISDIR(followed.st_mode));
    answer_message(fd, &writer);
}

int service_stat(const uint8_t *body, size_t length, int fd) {
    struct arena arena = {0};
    struct stat status;
    struct wire_reader reader = wire_reader(body, length);
    const char *path = wire_text(&reader, &arena, WIRE_PATH_LIMIT);
    bool follow = wire_bool(&reader);
    if (!wire_finished(&reader) || *path != '/') {
        answer_error(fd, CODE_MALFORMED, "the request is not an absolute path and a flag");
    } else if ((follow ? stat(path, &status) : lstat(path, &status)) != 0) {
        answer_errno(fd, errno, "cannot examine %s", path);
    } else {
        reply_status(fd, path, follow, &status);
    }
    arena_free(&arena);
    return 0;
}
