#include "pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { CHUNK = 65536, LINKS_LIMIT = 256 << 20, XATTR_NAMES = 16384, XATTR_VALUES = 262144, UNSIZED_LIMIT = 16 << 20 };

/* A file with several names, and the first of them. */
struct pack_link {
    struct pack_link *next;
    dev_t device;
    ino_t inode;
    const char *name;
};

static bool failed(struct pack *pack, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool failed(struct pack *pack, int error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(pack->error, sizeof pack->error, format, arguments);
    va_end(arguments);
    pack->error_number = error;
    return false;
}

static bool unsent(struct pack *pack) {
    pack->unsent = true;
    return failed(pack, errno, "cannot send %s", pack->name);
}

void pack_free(struct pack *pack) { arena_free(&pack->arena); }

/* The name under which the file is in the archive already; else notes this one. NULL: it is new, or memory ran out (error set). */
static const char *earlier_name(struct pack *pack, const struct stat *status) {
    struct pack_link **bucket = &pack->links[(status->st_ino * 31 + status->st_dev) % PACK_BUCKETS];
    for (struct pack_link *link = *bucket; link != NULL; link = link->next) {
        if (link->inode == status->st_ino && link->device == status->st_dev) return link->name;
    }
    struct pack_link *link = arena_array(&pack->arena, 1, sizeof *link);
    const char *name = arena_text(&pack->arena, pack->name, strlen(pack->name));
    if (link == NULL || name == NULL || pack->arena.used > LINKS_LIMIT) {
        failed(pack, ENOMEM, "there are too many hard links to remember, at %s", pack->name);
        return NULL;
    }
    *link = (struct pack_link){.next = *bucket, .device = status->st_dev, .inode = status->st_ino, .name = name};
    *bucket = link;
    return NULL;
}

/* Reads the attributes of a path, in this process's view of it; buffers live until the next call. */
static bool read_xattrs(struct pack *pack, const char *path, struct tar_entry *entry) {
    static char names[XATTR_NAMES];
    static uint8_t values[XATTR_VALUES];
    size_t used = 0;
    ssize_t length = llistxattr(path, names, sizeof names);
    if (length < 0 && (errno == EOPNOTSUPP || errno == ENOENT || errno == EACCES)) return true;
    if (length < 0) return failed(pack, errno, "cannot list the extended attributes of %s", pack->name);
    for (const char *name = names; name < names + length; name += strlen(name) + 1) {
        ssize_t size = lgetxattr(path, name, values + used, sizeof values - used);
        if (size < 0 && (errno == ENODATA || errno == EOPNOTSUPP || errno == EPERM || errno == EACCES)) continue;
        if (size < 0) return failed(pack, errno, "cannot read the attribute %s of %s", name, pack->name);
        if (entry->xattr_count == TAR_XATTR_LIMIT) return failed(pack, E2BIG, "%s has too many extended attributes", pack->name);
        entry->xattrs[entry->xattr_count++] = (struct tar_xattr){name, values + used, (size_t)size};
        used += (size_t)size;
    }
    return true;
}

static void fill_entry(const struct pack *pack, const struct stat *status, struct tar_entry *entry) {
    *entry = (struct tar_entry){.name = pack->name,
                                .link = "",
                                .mode = status->st_mode & 07777,
                                .uid = status->st_uid,
                                .gid = status->st_gid,
                                .seconds = status->st_mtim.tv_sec,
                                .nanos = (uint32_t)status->st_mtim.tv_nsec};
    switch (status->st_mode & S_IFMT) {
    case S_IFREG:
        entry->type = TAR_FILE;
        entry->size = (uint64_t)status->st_size;
        break;
    case S_IFDIR: entry->type = TAR_DIRECTORY; break;
    case S_IFLNK: entry->type = TAR_SYMLINK; break;
    case S_IFIFO: entry->type = TAR_FIFO; break;
    case S_IFCHR: entry->type = TAR_CHARACTER; break;
    default: entry->type = TAR_BLOCK_DEVICE; break;
    }
    if (entry->type == TAR_CHARACTER || entry->type == TAR_BLOCK_DEVICE) {
        entry->major = major(status->st_rdev);
        entry->minor = minor(status->st_rdev);
    }
}

/* Sends bytes from where the file stands. */
static bool send_piece(struct pack *pack, int file, uint64_t size) {
    static uint8_t chunk[CHUNK];
    for (uint64_t left = size; left > 0;) {
        ssize_t length = read(file, chunk, left < sizeof chunk ? (size_t)left : sizeof chunk);
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) return failed(pack, errno, "cannot read %s", pack->name);
        if (length == 0) return failed(pack, 0, "%s became shorter while it was read", pack->name);
        if (!tar_write_data(&pack->writer, chunk, (size_t)length)) return unsent(pack);
        left -= (uint64_t)length;
        pack->bytes += (uint64_t)length;
    }
    return true;
}

static bool send_data(struct pack *pack, int file, uint64_t size) {
    return send_piece(pack, file, size) && (tar_write_data_end(&pack->writer) || unsent(pack));
}

static bool send_entry(struct pack *pack, const struct tar_entry *entry) {
    if (!tar_write_entry(&pack->writer, entry)) return unsent(pack);
    pack->entries++;
    return true;
}

/* Where the file has data: how many extents, or TAR_EXTENT_LIMIT + 1 when it is to be written whole. */
static size_t find_extents(int file, uint64_t size, struct tar_extent extents[TAR_EXTENT_LIMIT]) {
    size_t count = 0;
    off_t end = 0;
    if (size == 0 || lseek(file, 0, SEEK_HOLE) >= (off_t)size) return TAR_EXTENT_LIMIT + 1;
    for (;; count++) {
        off_t start = lseek(file, end, SEEK_DATA);
        if (start < 0 && errno == ENXIO) return count;
        if (start >= (off_t)size) return count;
        if (start < 0 || count == TAR_EXTENT_LIMIT) return TAR_EXTENT_LIMIT + 1;
        end = lseek(file, start, SEEK_HOLE);
        if (end < 0) return TAR_EXTENT_LIMIT + 1;
        if (end > (off_t)size) end = (off_t)size;
        extents[count] = (struct tar_extent){(uint64_t)start, (uint64_t)(end - start)};
    }
}

/* A file as its data and the holes between, when it has some. */
static bool pack_sized(struct pack *pack, int file, const struct tar_entry *entry) {
    static struct tar_extent extents[TAR_EXTENT_LIMIT];
    size_t count = pack->sparse ? find_extents(file, entry->size, extents) : TAR_EXTENT_LIMIT + 1;
    if (count > TAR_EXTENT_LIMIT) {
        if (lseek(file, 0, SEEK_SET) != 0) return failed(pack, errno, "cannot read %s", pack->name);
        return send_entry(pack, entry) && send_data(pack, file, entry->size);
    }
    if (!tar_write_sparse_entry(&pack->writer, entry, extents, count)) return unsent(pack);
    pack->entries++;
    for (size_t i = 0; i < count; i++) {
        if (lseek(file, (off_t)extents[i].offset, SEEK_SET) < 0) return failed(pack, errno, "cannot read %s", pack->name);
        if (!send_piece(pack, file, extents[i].length)) return false;
    }
    return tar_write_data_end(&pack->writer) || unsent(pack);
}

/* Opens what is called base, if it still is what status says. -1 with errno. */
static int open_same(int directory, const char *base, int flags, const struct stat *status) {
    struct stat opened;
    int file = openat(directory, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
    if (file < 0) return -1;
    if (fstat(file, &opened) == 0 && opened.st_ino == status->st_ino && opened.st_dev == status->st_dev) return file;
    close(file);
    errno = ESTALE;
    return -1;
}

/* The kernel's own file systems: endless, or gone with the machine. */
static bool is_artificial(int directory) {
    struct statfs system;
    static const long magics[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC,
                                  TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC, 0x19800202 /* mqueue */, 0x62656570 /* configfs */};
    if (fstatfs(directory, &system) != 0) return false;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
        if ((long)system.f_type == magics[i]) return true;
    }
    return false;
}

/* Reads all of a file that says nothing true of its size; the caller frees it. NULL: it failed. */
static uint8_t *read_whole(struct pack *pack, int file, size_t *used) {
    size_t room = CHUNK;
    uint8_t *content = malloc(room);
    for (*used = 0; content != NULL;) {
        ssize_t length = read(file, content + *used, room - *used);
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) failed(pack, errno, "cannot read %s", pack->name);
        if (length <= 0) break;
        *used += (size_t)length;
        if (*used < room) continue;
        uint8_t *larger = room == UNSIZED_LIMIT ? NULL : realloc(content, room * 2);
        if (larger == NULL) {
            failed(pack, EFBIG, "%s does not say how large it is, and has more than the %zu bytes that there is room for", pack->name, room);
            break;
        }
        content = larger;
        room *= 2;
    }
    if (content == NULL) failed(pack, ENOMEM, "there is no memory to read %s", pack->name);
    if (pack->error[0] == 0) return content;
    free(content);
    return NULL;
}

/* A file of the kernel's: its size is known when it has been read. */
static bool pack_unsized(struct pack *pack, int file, struct tar_entry *entry) {
    size_t used = 0;
    uint8_t *content = read_whole(pack, file, &used);
    if (content == NULL) return false;
    entry->size = used;
    bool done = send_entry(pack, entry);
    if (done) done = (tar_write_data(&pack->writer, content, used) && tar_write_data_end(&pack->writer)) || unsent(pack);
    pack->bytes += used;
    free(content);
    return done;
}

static bool pack_file(struct pack *pack, int directory, const char *base, const struct stat *status, struct tar_entry *entry) {
    int file = open_same(directory, base, 0, status);
    if (file < 0) return errno == ENOENT || failed(pack, errno, "cannot open %s", pack->name);
    bool done = is_artificial(file) ? pack_unsized(pack, file, entry) : pack_sized(pack, file, entry);
    close(file);
    return done;
}

static bool pack_named(struct pack *pack, int directory, const char *base, unsigned depth);

static bool pack_children(struct pack *pack, DIR *stream, unsigned depth) {
    size_t length = strlen(pack->name); /* ends in a slash */
    for (;;) {
        errno = 0;
        struct dirent *child = readdir(stream);
        if (child == NULL && errno != 0) return failed(pack, errno, "cannot read the directory %s", pack->name);
        if (child == NULL) return true;
        if (strcmp(child->d_name, ".") == 0 || strcmp(child->d_name, "..") == 0) continue;
        if (length + strlen(child->d_name) + 1 > TAR_NAME_LIMIT) {
            return failed(pack, ENAMETOOLONG, "cannot pack %s%s", pack->name, child->d_name);
        }
        strcpy(pack->name + length, child->d_name);
        if (!pack_named(pack, dirfd(stream), child->d_name, depth + 1)) return false;
        pack->name[length] = 0;
    }
}

static bool pack_directory(struct pack *pack, int parent, const char *base, const struct stat *status, struct tar_entry *entry,
                           unsigned depth) {
    int directory = open_same(parent, base, O_DIRECTORY, status);
    if (directory < 0) return errno == ENOENT || failed(pack, errno, "cannot open the directory %s", pack->name);
    strcat(pack->name, "/");
    bool stop = depth == PACK_DEPTH || is_artificial(directory);
    DIR *stream = stop ? NULL : fdopendir(directory);
    bool done = send_entry(pack, entry);
    if (done && depth == PACK_DEPTH) done = failed(pack, ELOOP, "directories are nested deeper than %d at %s", PACK_DEPTH, pack->name);
    if (done && !stop && stream == NULL) done = failed(pack, errno, "cannot read the directory %s", pack->name);
    if (done && !stop) done = pack_children(pack, stream, depth);
    if (stream != NULL) {
        closedir(stream);
    } else {
        close(directory);
    }
    return done;
}

static bool pack_symlink(struct pack *pack, int directory, const char *base, struct tar_entry *entry) {
    char target[PATH_MAX];
    ssize_t length = readlinkat(directory, base, target, sizeof target - 1);
    if (length < 0) return errno == ENOENT || failed(pack, errno, "cannot read the symlink %s", pack->name);
    target[length] = 0;
    entry->link = target;
    return send_entry(pack, entry);
}

/* Packs base, whose name in the archive is pack->name. What vanishes meanwhile is left out. */
static bool pack_named(struct pack *pack, int directory, const char *base, unsigned depth) {
    struct stat status;
    struct tar_entry entry;
    char path[64 + NAME_MAX + 1];
    if (fstatat(directory, base, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return (errno == ENOENT && depth > 0) || failed(pack, errno, "cannot examine %s", pack->name);
    }
    if (S_ISSOCK(status.st_mode)) return true;
    fill_entry(pack, &status, &entry);
    if (status.st_nlink > 1 && entry.type != TAR_DIRECTORY) {
        const char *earlier = earlier_name(pack, &status);
        if (pack->error[0] != 0) return false;
        if (earlier != NULL) {
            entry.type = TAR_HARD_LINK;
            entry.link = earlier;
            entry.size = 0;
            return send_entry(pack, &entry);
        }
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", directory, base);
    if (!read_xattrs(pack, path, &entry)) return false;
    if (entry.type == TAR_FILE) return pack_file(pack, directory, base, &status, &entry);
    if (entry.type == TAR_DIRECTORY) return pack_directory(pack, directory, base, &status, &entry, depth);
    if (entry.type == TAR_SYMLINK) return pack_symlink(pack, directory, base, &entry);
    return send_entry(pack, &entry);
}

bool pack_tree(struct pack *pack, int directory, const char *base, const char *name) {
    snprintf(pack->name, sizeof pack->name, "%s", name);
    return pack_named(pack, directory, base, 0) && (tar_write_end(&pack->writer) || unsent(pack));
}
