#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "services.h"
#include "unpack.h"
#include "user.h"

enum { MAKE_DIRECTORY = 1, KEEP_OWNERS = 2, FLAGS = MAKE_DIRECTORY | KEEP_OWNERS };

/* Makes a directory and its missing parents. The deepest failure shows when it is opened. */
static void make_directories(const char *path) {
    char partial[WIRE_PATH_LIMIT + 1];
    for (const char *at = path; *at != 0;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        memcpy(partial, path, (size_t)(at - path));
        partial[at - path] = 0;
        mkdir(partial, 0755);
    }
}

static ssize_t read_stream(void *context, void *buffer, size_t size) { return read(*(const int *)context, buffer, size); }

static void reply_unpack_error(int fd, const struct unpack *unpack, const struct tar_reader *reader, const char *directory) {
    if (unpack->error[0] == 0 && reader->error_number == 0) {
        answer_error(fd, CODE_MALFORMED, "copying into %s: %s", directory, reader->error);
    } else if (unpack->error[0] == 0) {
        answer_errno(fd, reader->error_number, "copying into %s: %s", directory, reader->error);
    } else if (unpack->error_number == 0) {
        answer_error(fd, CODE_MALFORMED, "copying into %s: %s", directory, unpack->error);
    } else {
        answer_errno(fd, unpack->error_number, "copying into %s: %s", directory, unpack->error);
    }
}

static void receive(int fd, int root, const char *directory, uint8_t flags) {
    static struct unpack unpack;
    static struct tar_reader reader;
    struct wire_writer writer = {0};
    unpack_init(&unpack, root, (flags & KEEP_OWNERS) != 0);
    tar_reader_init(&reader, read_stream, &fd);
    int next;
    while ((next = tar_next(&reader)) > 0 && unpack_entry(&unpack, &reader)) continue;
    if (next == 0) answer_await_end(fd);
    if (next == 0 && unpack_finish(&unpack)) {
        wire_begin(&writer, WIRE_OK);
        wire_put_u64(&writer, unpack.entries);
        wire_put_u64(&writer, unpack.bytes);
        answer_message(fd, &writer);
    } else {
        reply_unpack_error(fd, &unpack, &reader, directory);
        if (next != 0) answer_await_end(fd);
    }
    tar_reader_free(&reader);
    unpack_free(&unpack);
}

static void copy_in(int fd, const char *directory, const char *name, uint8_t flags) {
    static struct user user;
    int error = user_find(name, &user);
    if (error != 0) {
        answer_errno(fd, error, "cannot find the user '%.256s'", name);
        return;
    }
    if ((error = user_become(&user)) != 0) {
        answer_errno(fd, error, "cannot become the user '%.256s'", name);
        return;
    }
    if (flags & MAKE_DIRECTORY) make_directories(directory);
    int root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) {
        answer_errno(fd, errno, "cannot open the directory %s as user %.256s", directory, user.name);
        return;
    }
    if (answer_ok(fd)) receive(fd, root, directory, flags);
    close(root);
}

int service_copy_in(const uint8_t *body, size_t length, int fd) {
    struct arena arena = {0};
    struct wire_reader reader = wire_reader(body, length);
    const char *directory = wire_text(&reader, &arena, WIRE_PATH_LIMIT);
    const char *user = wire_text(&reader, &arena, WIRE_NAME_LIMIT);
    uint8_t flags = wire_u8(&reader);
    if (!wire_finished(&reader) || *directory != '/' || (flags & ~FLAGS) != 0) {
        answer_error(fd, CODE_MALFORMED, "the request is not an absolute path, a user and known flags");
    } else {
        copy_in(fd, directory, user, flags);
    }
    arena_free(&arena);
    return 0;
}
