#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { DIRECTORIES_LIMIT = 64 << 20, CHUNK = 65536 };

struct unpacked_directory {
    struct unpacked_directory *next;
    const char *name;
    uint32_t mode;
    struct timespec times[2];
};

/* Where an entry goes: the parent directory (O_PATH) and the name in it. The base "" is the root itself. */
struct place {
    int parent;
    const char *base;
    char clean[TAR_NAME_LIMIT + 1]; /* the whole name without `.`, `//` and a slash at its end */
};

static bool failed(struct unpack *unpack, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool failed(struct unpack *unpack, int error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(unpack->error, sizeof unpack->error, format, arguments);
    va_end(arguments);
    unpack->error_number = error;
    return false;
}

void unpack_init(struct unpack *unpack, int root, bool keep_owners) {
    memset(unpack, 0, sizeof *unpack);
    unpack->root = root;
    unpack->keep_owners = keep_owners;
    unpack->cached = -1;
    umask(0);
}

void unpack_free(struct unpack *unpack) {
    if (unpack->cached >= 0) close(unpack->cached);
    arena_free(&unpack->arena);
}

static bool clean_name(struct unpack *unpack, const char *name, char clean[TAR_NAME_LIMIT + 1]) {
    size_t length = 0;
    if (*name == '/') return failed(unpack, 0, "refused the absolute name %s", name);
    for (const char *at = name; *at != 0;) {
        size_t part = strcspn(at, "/");
        if (part == 2 && memcmp(at, "..", 2) == 0) return failed(unpack, 0, "refused the name %s: it has a ..", name);
        if (part > 0 && !(part == 1 && *at == '.')) {
            if (length > 0) clean[length++] = '/';
            memcpy(clean + length, at, part);
            length += part;
        }
        at += part + (at[part] == '/');
    }
    clean[length] = 0;
    return true;
}

/* Opens the directory with this clean path, a component at a time and no symlink on the way; makes what is missing if asked. */
static int walk(struct unpack *unpack, const char *path, bool make) {
    int directory = fcntl(unpack->root, F_DUPFD_CLOEXEC, 3);
    while (directory >= 0 && *path != 0) {
        char part[TAR_NAME_LIMIT + 1];
        size_t length = strcspn(path, "/");
        memcpy(part, path, length);
        part[length] = 0;
        path += length + (path[length] == '/');
        if (make && mkdirat(directory, part, 0755) != 0 && errno != EEXIST) make = false; /* the open says why */
        int next = openat(directory, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        close(directory);
        errno = error;
        directory = next;
    }
    return directory;
}

static int open_directory(struct unpack *unpack, const char *path, bool make) {
    if (unpack->cached < 0 || strcmp(unpack->cached_path, path) != 0) {
        int directory = walk(unpack, path, false);
        if (directory < 0 && errno == ENOENT && make) directory = walk(unpack, path, true);
        if (directory < 0) return -1;
        if (unpack->cached >= 0) close(unpack->cached);
        unpack->cached = directory;
        strcpy(unpack->cached_path, path);
    }
    return fcntl(unpack->cached, F_DUPFD_CLOEXEC, 3);
}

static bool find_place(struct unpack *unpack, const char *name, bool make, struct place *place) {
    char path[TAR_NAME_LIMIT + 1];
    if (!clean_name(unpack, name, place->clean)) return false;
    const char *slash = strrchr(place->clean, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - place->clean);
    place->base = slash == NULL ? place->clean : slash + 1;
    memcpy(path, place->clean, length);
    path[length] = 0;
    place->parent = open_directory(unpack, path, make);
    if (place->parent >= 0) return true;
    bool symlink = errno == ENOTDIR || errno == ELOOP;
    return failed(unpack, errno, "cannot go to the parent directory of %s%s", name,
                  symlink ? " (a symlink or file is in the way, and symlinks are not followed)" : "");
}

/* Removes what is in the way of something that is no directory. */
static bool make_room(struct unpack *unpack, const struct place *place) {
    if (unlinkat(place->parent, place->base, 0) == 0 || errno == ENOENT) return true;
    if ((errno == EISDIR || errno == EPERM) && unlinkat(place->parent, place->base, AT_REMOVEDIR) == 0) return true;
    return failed(unpack, errno, "cannot replace %s", place->clean);
}

static void entry_times(const struct tar_entry *entry, struct timespec times[2]) {
    times[0] = (struct timespec){.tv_nsec = UTIME_NOW};
    times[1] = (struct timespec){.tv_sec = entry->seconds, .tv_nsec = entry->nanos};
}

/* Errors that mean that this file system, or this user, has no such attribute. */
static bool xattr_is_impossible(int error) { return error == EOPNOTSUPP || error == EPERM || error == EACCES; }

/* On the descriptor, or, when it is -1, on the name in the place. */
static bool set_xattrs(struct unpack *unpack, const struct tar_entry *entry, const struct place *place, int descriptor) {
    char path[64 + NAME_MAX + 1];
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", place->parent, place->base);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct tar_xattr *xattr = &entry->xattrs[i];
        if (!unpack->keep_owners && strncmp(xattr->name, "user.", 5) != 0) continue;
        int result = descriptor < 0 ? lsetxattr(path, xattr->name, xattr->value, xattr->length, 0)
                                    : fsetxattr(descriptor, xattr->name, xattr->value, xattr->length, 0);
        if (result != 0 && !xattr_is_impossible(errno)) {
            return failed(unpack, errno, "cannot set the attribute %.256s of %s", xattr->name, place->clean);
        }
    }
    return true;
}

static bool owner_fits(struct unpack *unpack, const struct tar_entry *entry) {
    if (!unpack->keep_owners || (entry->uid < UINT32_MAX && entry->gid < UINT32_MAX)) return true;
    return failed(unpack, EOVERFLOW, "cannot give %s to its owner", entry->name);
}

/* A mode with the archive's set-user-ID bits only where the archive's owner is kept too. */
static uint32_t final_mode(const struct unpack *unpack, const struct tar_entry *entry) {
    return unpack->keep_owners ? entry->mode : entry->mode & 01777;
}

static bool set_attributes(struct unpack *unpack, const struct tar_entry *entry, const struct place *place, int file, uint32_t mode) {
    struct timespec times[2];
    entry_times(entry, times);
    if (unpack->keep_owners && fchown(file, (uid_t)entry->uid, (gid_t)entry->gid) != 0) {
        return failed(unpack, errno, "cannot give %s to its owner", place->clean);
    }
    if (!set_xattrs(unpack, entry, place, file)) return false;
    if (fchmod(file, mode) != 0 || futimens(file, times) != 0) return failed(unpack, errno, "cannot set mode and time of %s", place->clean);
    return true;
}

static bool write_at(int file, const uint8_t *bytes, size_t length, uint64_t offset) {
    while (length > 0) {
        ssize_t written = pwrite(file, bytes, length, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        length -= (size_t)written;
        offset += (uint64_t)written;
    }
    return true;
}

static bool copy_data(struct unpack *unpack, struct tar_reader *reader, const struct place *place, int file) {
    static uint8_t chunk[CHUNK];
    uint64_t offset, end = 0;
    ssize_t length;
    while ((length = tar_read(reader, chunk, sizeof chunk, &offset)) > 0) {
        if (!write_at(file, chunk, (size_t)length, offset)) return failed(unpack, errno, "cannot write %s", place->clean);
        end = offset + (uint64_t)length;
        unpack->bytes += (uint64_t)length;
    }
    if (length < 0) return failed(unpack, reader->error_number, "%s", reader->error);
    if (end < reader->entry.size && ftruncate(file, (off_t)reader->entry.size) != 0) {
        return failed(unpack, errno, "cannot set the size of %s", place->clean);
    }
    return true;
}

static bool make_file(struct unpack *unpack, struct tar_reader *reader, const struct place *place) {
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int file = openat(place->parent, place->base, flags, 0600);
    if (file < 0 && errno == EEXIST) {
        if (!make_room(unpack, place)) return false;
        file = openat(place->parent, place->base, flags, 0600);
    }
    if (file < 0) return failed(unpack, errno, "cannot make the file %s", place->clean);
    bool done = copy_data(unpack, reader, place, file) &&
                set_attributes(unpack, &reader->entry, place, file, final_mode(unpack, &reader->entry));
    if (close(file) != 0 && done) done = failed(unpack, errno, "cannot write %s", place->clean);
    if (!done) unlinkat(place->parent, place->base, 0);
    return done;
}

static bool remember(struct unpack *unpack, const struct tar_entry *entry, const char *clean) {
    struct unpacked_directory *directory = arena_array(&unpack->arena, 1, sizeof *directory);
    const char *name = arena_text(&unpack->arena, clean, strlen(clean));
    if (directory == NULL || name == NULL || unpack->arena.used > DIRECTORIES_LIMIT) {
        return failed(unpack, ENOMEM, "the archive has too many directories to remember, at %s", clean);
    }
    *directory = (struct unpacked_directory){.next = unpack->directories, .name = name, .mode = final_mode(unpack, entry)};
    entry_times(entry, directory->times);
    unpack->directories = directory;
    return true;
}

static bool make_directory(struct unpack *unpack, const struct tar_entry *entry, const struct place *place) {
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (*place->base == 0) return true; /* the directory itself keeps its mode: it is the guest's */
    bool made = mkdirat(place->parent, place->base, 0700) == 0;
    int directory = made || errno == EEXIST ? openat(place->parent, place->base, flags) : -1;
    if (directory < 0 && !made && (errno == ENOTDIR || errno == ELOOP)) {
        if (!make_room(unpack, place)) return false;
        made = mkdirat(place->parent, place->base, 0700) == 0;
        directory = made ? openat(place->parent, place->base, flags) : -1;
    }
    if (directory < 0) return failed(unpack, errno, "cannot make the directory %s", place->clean);
    /* Until the end the owner may write, whatever the final mode. */
    bool done = set_attributes(unpack, entry, place, directory, (final_mode(unpack, entry) & 0777) | 0700);
    close(directory);
    return done && remember(unpack, entry, place->clean);
}

static bool make_hard_link(struct unpack *unpack, const struct tar_entry *entry, const struct place *place) {
    struct place target;
    if (!find_place(unpack, entry->link, false, &target)) return false;
    bool done = strcmp(target.clean, place->clean) == 0; /* a link to itself is there already */
    if (!done) {
        done = linkat(target.parent, target.base, place->parent, place->base, 0) == 0;
        if (!done && errno == EEXIST && faccessat(target.parent, target.base, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            if (!make_room(unpack, place)) return close(target.parent), false;
            done = linkat(target.parent, target.base, place->parent, place->base, 0) == 0;
        }
    }
    if (!done) failed(unpack, errno, "cannot make the hard link %s to %s", place->clean, target.clean);
    close(target.parent);
    return done;
}

static int make_node(const struct tar_entry *entry, const struct place *place, uint32_t mode) {
    dev_t device = makedev(entry->major, entry->minor);
    switch (entry->type) {
    case TAR_SYMLINK: return symlinkat(entry->link, place->parent, place->base);
    case TAR_CHARACTER: return mknodat(place->parent, place->base, S_IFCHR | mode, device);
    case TAR_BLOCK_DEVICE: return mknodat(place->parent, place->base, S_IFBLK | mode, device);
    default: return mknodat(place->parent, place->base, S_IFIFO | mode, 0);
    }
}

static bool make_special(struct unpack *unpack, const struct tar_entry *entry, const struct place *place) {
    struct timespec times[2];
    uint32_t mode = final_mode(unpack, entry);
    int result = make_node(entry, place, mode);
    if (result != 0 && errno == EEXIST) {
        if (!make_room(unpack, place)) return false;
        result = make_node(entry, place, mode);
    }
    if (result != 0) {
        const char *kind = entry->type == TAR_SYMLINK ? "symlink" : entry->type == TAR_FIFO ? "FIFO" : "device";
        return failed(unpack, errno, "cannot make the %s %s", kind, place->clean);
    }
    entry_times(entry, times);
    if (unpack->keep_owners &&
        fchownat(place->parent, place->base, (uid_t)entry->uid, (gid_t)entry->gid, AT_SYMLINK_NOFOLLOW) != 0) {
        return failed(unpack, errno, "cannot give %s to its owner", place->clean);
    }
    if (!set_xattrs(unpack, entry, place, -1)) return false;
    return utimensat(place->parent, place->base, times, AT_SYMLINK_NOFOLLOW) == 0 ||
           failed(unpack, errno, "cannot set the time of %s", place->clean);
}

static bool make(struct unpack *unpack, struct tar_reader *reader, const struct place *place) {
    const struct tar_entry *entry = &reader->entry;
    if (entry->type == TAR_DIRECTORY) return make_directory(unpack, entry, place);
    if (*place->base == 0) return failed(unpack, 0, "refused the name %s: it is the directory itself", entry->name);
    if (entry->type == TAR_FILE) return make_file(unpack, reader, place);
    if (entry->type == TAR_HARD_LINK) return make_hard_link(unpack, entry, place);
    return make_special(unpack, entry, place);
}

bool unpack_entry(struct unpack *unpack, struct tar_reader *reader) {
    struct place place;
    if (!owner_fits(unpack, &reader->entry) || !find_place(unpack, reader->entry.name, true, &place)) return false;
    bool done = make(unpack, reader, &place);
    close(place.parent);
    if (done) unpack->entries++;
    return done;
}

bool unpack_finish(struct unpack *unpack) {
    for (struct unpacked_directory *directory = unpack->directories; directory != NULL; directory = directory->next) {
        struct place place;
        /* A later entry of the archive may have put something else in its place. */
        if (!find_place(unpack, directory->name, false, &place)) continue;
        int descriptor = openat(place.parent, place.base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(place.parent);
        if (descriptor < 0) continue;
        bool done = fchmod(descriptor, directory->mode) == 0 && futimens(descriptor, directory->times) == 0;
        int error = errno;
        close(descriptor);
        if (!done) return failed(unpack, error, "cannot set mode and time of %s", directory->name);
    }
    return true;
}
