#include "volume.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "mounts.h"
#include "pack.h"
#include "process.h"
#include "unpack.h"
#include "wire.h"

enum { PATH = 8400, OPEN_FILES = 16, FAILED = 1 };

/* In a format. No volume is called so: a % in a path is written as %25. */
#define UNFINISHED "%%unfinished"

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *position) {
    (void)status;
    (void)type;
    (void)position;
    return remove(path);
}

static void remove_tree(const char *path) { nftw(path, remove_one, OPEN_FILES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT); }

/* What the image has there, whatever is mounted or written over it; symlinks lead to places of the image. -1 and errno. */
static int open_in_image(const char *path) {
    int root = open(LAYER_BASE, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return -1;
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    int error = errno;
    close(root);
    errno = error;
    return fd;
}

static bool write_pipe(void *context, const void *bytes, size_t size) { return wire_write_all(*(int *)context, bytes, size); }
static ssize_t read_pipe(void *context, void *buffer, size_t size) { return read(*(int *)context, buffer, size); }

static void pack_into(int out, int from, const char *name) {
    static struct pack pack;
    pack.writer = (struct tar_writer){.write = write_pipe, .context = &out};
    bool done = pack_tree(&pack, from, ".", name);
    if (!done) console_line("cannot read the image's content of a volume: %s: %s", pack.error, strerror(pack.error_number));
    _exit(done ? 0 : FAILED);
}

static bool unpack_from(int in, int to) {
    static struct unpack unpack;
    static struct tar_reader reader;
    unpack_init(&unpack, to, true);
    tar_reader_init(&reader, read_pipe, &in);
    int next;
    while ((next = tar_next(&reader)) > 0 && unpack_entry(&unpack, &reader)) continue;
    bool done = next == 0 && unpack_finish(&unpack);
    int error = done ? 0 : unpack.error_number != 0 ? unpack.error_number : EIO;
    if (!done) console_line("cannot write a volume: %s: %s", unpack.error[0] != 0 ? unpack.error : reader.error, strerror(error));
    tar_reader_free(&reader);
    unpack_free(&unpack);
    errno = error;
    return done;
}

/* 0 or errno. */
static int copy(int from, int to, const char *name) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    pid_t packer = fork();
    if (packer < 0) return errno;
    if (packer == 0) {
        close(ends[0]);
        pack_into(ends[1], from, name);
    }
    close(ends[1]);
    int error = unpack_from(ends[0], to) ? 0 : errno;
    close(ends[0]);
    int status = 0;
    if (waitpid(packer, &status, 0) < 0) return errno;
    if (error == 0 && status != 0) error = EIO;
    return error == 0 && syncfs(to) != 0 ? errno : error;
}

/* 0 or errno. */
static int make(const char *parent, const char *name, const char *path) {
    int from = open_in_image(path);
    if (from < 0 && errno != ENOENT && errno != ENOTDIR) return errno;
    int to = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = to < 0 ? errno : 0;
    if (error == 0 && from >= 0) error = copy(from, to, name);
    if (error == 0 && from < 0 && mkdirat(to, name, 0755) != 0) error = errno;
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    return error;
}

/* 0 or errno. */
static int fill(const char *directory, const char *path) {
    char parent[PATH], unfinished[PATH + sizeof UNFINISHED];
    snprintf(parent, sizeof parent, "%s", directory);
    snprintf(unfinished, sizeof unfinished, "%s" UNFINISHED, directory);
    char *slash = strrchr(parent, '/');
    *slash = 0;
    int error = mounts_make_directory(parent, 0711);
    if (error != 0) return error;
    remove_tree(unfinished);
    error = make(parent, strrchr(unfinished, '/') + 1, path);
    if (error == 0 && rename(unfinished, directory) != 0) error = errno;
    if (error != 0) remove_tree(unfinished);
    return error;
}

static bool is_missing(const struct bind *bind, const char *directory) {
    struct stat status;
    return (bind->flags & BIND_FILL) && strstr(bind->source, "..") == NULL && lstat(directory, &status) != 0;
}

static const char *source(const struct disk *work, const struct bind *bind) {
    static char path[PATH];
    snprintf(path, sizeof path, "%s/%s", work->mount_point, bind->source);
    return path;
}

static void fill_all(const struct configuration *configuration, const struct disk *work) {
    for (size_t i = 0; i < configuration->bind_count; i++) {
        const struct bind *bind = &configuration->binds[i];
        const char *directory = source(work, bind);
        int error = is_missing(bind, directory) ? fill(directory, bind->target) : 0;
        if (error != 0) console_line("cannot make the volume %s: %s", bind->target, strerror(error));
    }
}

static struct child filler;

static void filler_ended(struct child *child, int status) {
    (void)status;
    void (*then)(void) = (void (*)(void))(uintptr_t)child->owner;
    then();
}

/* The agent keeps its memory, its umask and its loop, which answers the host meanwhile: a child copies. */
bool volumes_fill(const struct configuration *configuration, const struct disk *work, void (*then)(void)) {
    bool missing = false;
    for (size_t i = 0; work != NULL && i < configuration->bind_count; i++) {
        missing |= is_missing(&configuration->binds[i], source(work, &configuration->binds[i]));
    }
    pid_t pid = missing ? fork() : -1;
    if (pid == 0) {
        loop_leave();
        signal(SIGPIPE, SIG_IGN);
        fill_all(configuration, work);
        _exit(0);
    }
    if (pid < 0) return false;
    filler = (struct child){.pid = pid, .ended = filler_ended, .owner = (void *)(uintptr_t)then};
    child_watch(&filler);
    return true;
}
