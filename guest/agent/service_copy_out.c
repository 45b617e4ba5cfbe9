#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pack.h"
#include "answer.h"
#include "services.h"
#include "user.h"

enum { FOLLOW = 1, SPARSE = 2 };

/* Collects the tar stream into DATA messages. */
struct outgoing {
    int fd;
    size_t length;
    uint8_t message[WIRE_HEADER + WIRE_DATA_LIMIT];
};

static bool flush(struct outgoing *outgoing) {
    if (outgoing->length == 0) return true;
    wire_store_u32(outgoing->message, (uint32_t)(outgoing->length + 2));
    wire_store_u16(outgoing->message + 4, WIRE_DATA);
    size_t length = WIRE_HEADER + outgoing->length;
    outgoing->length = 0;
    return wire_write_all(outgoing->fd, outgoing->message, length);
}

static bool send_bytes(void *context, const void *bytes, size_t size) {
    struct outgoing *outgoing = context;
    const uint8_t *at = bytes;
    while (size > 0) {
        size_t part = WIRE_DATA_LIMIT - outgoing->length;
        if (part > size) part = size;
        memcpy(outgoing->message + WIRE_HEADER + outgoing->length, at, part);
        outgoing->length += part;
        at += part;
        size -= part;
        if (outgoing->length == WIRE_DATA_LIMIT && !flush(outgoing)) return false;
    }
    return true;
}

/* A path as the directory that holds it, the name there, and the name in the archive. */
struct source {
    char directory[WIRE_PATH_LIMIT + 1];
    char base[WIRE_PATH_LIMIT + 1];
    char name[WIRE_PATH_LIMIT + 1];
};

static bool split(const char *path, struct source *source) {
    size_t length = strlen(path);
    bool contents = length >= 2 && strcmp(path + length - 2, "/.") == 0;
    if (contents) length -= 1;
    while (length > 1 && path[length - 1] == '/') length--;
    size_t slash = length;
    while (path[slash - 1] != '/') slash--;
    memcpy(source->directory, path, slash);
    source->directory[slash] = 0;
    memcpy(source->base, path + slash, length - slash);
    source->base[length - slash] = 0;
    if (source->base[0] == 0) strcpy(source->base, "."); /* the root */
    strcpy(source->name, contents ? "." : source->base);
    return strcmp(source->name, "..") != 0;
}

/* Replaces directory and base by those that the path leads to; the name in the archive stays. */
static int follow(const char *path, struct source *source) {
    char *target = realpath(path, NULL);
    struct source found;
    if (target == NULL) return errno;
    split(target, &found);
    strcpy(source->directory, found.directory);
    strcpy(source->base, found.base);
    free(target);
    return 0;
}

static void send_tree(int fd, const struct source *source, int directory, bool sparse) {
    static struct pack pack;
    static struct outgoing outgoing;
    struct wire_writer writer = {0};
    memset(&pack, 0, sizeof pack);
    outgoing.fd = fd;
    outgoing.length = 0;
    pack.sparse = sparse;
    pack.writer = (struct tar_writer){.write = send_bytes, .context = &outgoing};
    bool done = answer_ok(fd) && pack_tree(&pack, directory, source->base, source->name);
    if (!pack.unsent && flush(&outgoing)) {
        if (done) {
            wire_begin(&writer, WIRE_OK);
            wire_put_u64(&writer, pack.entries);
            wire_put_u64(&writer, pack.bytes);
            answer_message(fd, &writer);
        } else if (pack.error_number == 0) {
            answer_error(fd, CODE_STATE, "copying from %s%s: %s", source->directory, source->base, pack.error);
        } else {
            answer_errno(fd, pack.error_number, "copying from %s%s: %s", source->directory, source->base, pack.error);
        }
    }
    pack_free(&pack);
}

static void copy_out(int fd, const char *path, const char *name, uint8_t flags) {
    static struct user user;
    static struct source source;
    struct stat status;
    int error = user_find(name, &user);
    if (error != 0) {
        answer_errno(fd, error, "cannot find the user '%.256s'", name);
        return;
    }
    if ((error = user_become(&user)) != 0) {
        answer_errno(fd, error, "cannot become the user '%.256s'", name);
        return;
    }
    if (!split(path, &source)) {
        answer_error(fd, CODE_MALFORMED, "the path %s ends in ..", path);
        return;
    }
    /* A path that ends in a slash or /. means what it leads to. */
    size_t length = strlen(path);
    bool through = (flags & FOLLOW) != 0 || path[length - 1] == '/' || strcmp(source.name, ".") == 0;
    if (through && (error = follow(path, &source)) != 0) {
        answer_errno(fd, error, "cannot find %s", path);
        return;
    }
    int directory = open(source.directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fstatat(directory, source.base, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        answer_errno(fd, errno, "cannot find %s as user %.256s", path, user.name);
    } else if (S_ISSOCK(status.st_mode)) {
        answer_error(fd, CODE_UNSUPPORTED, "%s is a socket, which cannot be copied", path);
    } else {
        send_tree(fd, &source, directory, (flags & SPARSE) != 0);
    }
    if (directory >= 0) close(directory);
}

int service_copy_out(const uint8_t *body, size_t length, int fd) {
    struct arena arena = {0};
    struct wire_reader reader = wire_reader(body, length);
    const char *path = wire_text(&reader, &arena, WIRE_PATH_LIMIT - 1);
    const char *user = wire_text(&reader, &arena, WIRE_NAME_LIMIT);
    uint8_t flags = wire_u8(&reader);
    if (!wire_finished(&reader) || *path != '/' || (flags & ~(FOLLOW | SPARSE)) != 0) {
        answer_error(fd, CODE_MALFORMED, "the request is not an absolute path, a user and known flags");
    } else {
        copy_out(fd, path, user, flags);
    }
    arena_free(&arena);
    return 0;
}
