#include "mounts.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "machine.h"
#include "process.h"

#define NEW_ROOT "/newroot"

enum { PATH = 8400 };

static const struct {
    const char *type, *target;
    unsigned long flags;
    const char *options;
} early[] = {
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
    {"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
    {"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666,gid=5"},
    {"tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777"},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755"},
    {"cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "nsdelegate,memory_recursiveprot"},
};

void mounts_begin(void) {
    for (size_t i = 0; i < sizeof early / sizeof *early; i++) {
        mkdir(early[i].target, 0755);
        mount(early[i].type, early[i].target, early[i].type, early[i].flags, early[i].options);
    }
    symlink("/proc/self/fd", "/dev/fd");
    symlink("/proc/self/fd/0", "/dev/stdin");
    symlink("/proc/self/fd/1", "/dev/stdout");
    symlink("/proc/self/fd/2", "/dev/stderr");
}

int mounts_make_directory(const char *path, unsigned mode) {
    char part[PATH];
    struct stat status;
    size_t length = strlen(path);
    if (length >= sizeof part) return ENAMETOOLONG;
    if (stat(path, &status) == 0) return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
    for (size_t end = 1; end <= length; end++) {
        if (path[end] != '/' && path[end] != 0) continue;
        memcpy(part, path, end);
        part[end] = 0;
        if (mkdir(part, mode) != 0 && errno != EEXIST) return errno;
    }
    if (stat(path, &status) != 0) return errno;
    return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
}

/* A journal that has nothing to say is not opened to read. */
const char *mounts_options(const struct disk *disk) {
    if (disk->flags & DISK_READ_ONLY) return disk->clean ? "noload" : NULL;
    /* What it grows into is zeros already: to write them would take room of the host. */
    if (disk->flags & DISK_ZEROED) return disk->flags & DISK_DISCARD ? "discard,noinit_itable" : "noinit_itable";
    return disk->flags & DISK_DISCARD ? "discard" : NULL;
}

void mounts_look_ahead(void) {
    mounts_make_directory(LAYER_BASE, 0755);
    mounts_make_directory(LAYER_UPPER, 0755);
    mounts_make_directory(NEW_ROOT, 0755);
}

/* 0 or errno. */
static int mount_disk(const struct disk *disk, const char *target, unsigned long flags) {
    int error = mounts_make_directory(target, 0755);
    if (error != 0) return error;
    if (disk->flags & DISK_READ_ONLY) flags |= MS_RDONLY;
    return mount(disk->device, target, "ext4", flags, mounts_options(disk)) != 0 ? errno : 0;
}

static struct disk *find_role(struct configuration *configuration, uint8_t role) {
    for (size_t i = 0; i < configuration->disk_count; i++) {
        if (configuration->disks[i].role == role) return &configuration->disks[i];
    }
    return NULL;
}

static const char *mount_layers(const struct disk *base, const struct disk *upper, unsigned long upper_flags) {
    int error = mount_disk(base, LAYER_BASE, MS_RDONLY);
    machine_mark("base");
    if (error == 0) error = mount_disk(upper, LAYER_UPPER, upper_flags);
    machine_mark("upper");
    errno = error;
    if (error != 0) return "cannot mount a layer of the root";
    /* The layers hold files of every mode: only root passes this way. */
    chmod("/run/banger/layers", 0700);
    return NULL;
}

static const char *mount_overlay(const struct disk *base, const struct disk *upper) {
    const char *failure = mount_layers(base, upper, 0);
    if (failure != NULL) return failure;
    if (mkdir(LAYER_UPPER "/upper", 0755) != 0 && errno != EEXIST) return "cannot make the overlay's upper directory";
    if (mkdir(LAYER_UPPER "/work", 0755) != 0 && errno != EEXIST) return "cannot make the overlay's work directory";
    mkdir(NEW_ROOT, 0755);
    const char *options = "lowerdir=" LAYER_BASE ",upperdir=" LAYER_UPPER "/upper,workdir=" LAYER_UPPER
                          "/work,redirect_dir=off,metacopy=off,index=off";
    return mount("overlay", NEW_ROOT, "overlay", 0, options) != 0 ? "cannot mount the overlay root" : NULL;
}

static const char *mount_root(struct configuration *configuration) {
    const struct disk *base = find_role(configuration, DISK_BASE);
    const struct disk *upper = find_role(configuration, DISK_UPPER);
    errno = EINVAL;
    if (base == NULL) return "the configuration names no base disk";
    if (upper != NULL) return mount_overlay(base, upper);
    errno = mount_disk(base, NEW_ROOT, 0);
    return errno != 0 ? "cannot mount the base disk" : NULL;
}

bool mounts_only_shows(struct configuration *configuration) {
    const struct disk *base = find_role(configuration, DISK_BASE);
    return base != NULL && base->mount_point[0] != 0 && strcmp(base->mount_point, "/") != 0;
}

const char *mounts_show(struct configuration *configuration) {
    const struct disk *base = find_role(configuration, DISK_BASE);
    const struct disk *upper = find_role(configuration, DISK_UPPER);
    if (upper == NULL) {
        errno = mount_disk(base, base->mount_point, MS_RDONLY);
        return errno != 0 ? "cannot mount the base disk" : NULL;
    }
    const char *failure = mount_layers(base, upper, MS_RDONLY);
    if (failure == NULL) {
        errno = mounts_make_directory(base->mount_point, 0700);
        const char *options = "lowerdir=" LAYER_UPPER "/upper:" LAYER_BASE;
        if (errno != 0 || mount("overlay", base->mount_point, "overlay", MS_RDONLY, options) != 0) failure = "cannot mount the overlay";
    }
    if (failure != NULL) {
        int error = errno;
        umount2(LAYER_UPPER, MNT_DETACH);
        umount2(LAYER_BASE, MNT_DETACH);
        errno = error;
    }
    return failure;
}

static void unmount_root(void) {
    int error = errno;
    umount2(NEW_ROOT, MNT_DETACH);
    umount2(LAYER_UPPER, MNT_DETACH);
    umount2(LAYER_BASE, MNT_DETACH);
    errno = error;
}

/* Before the moves, so that a failure changes nothing. */
static const char *check_targets(const char *const *targets) {
    for (; *targets != NULL; targets++) {
        char target[64];
        snprintf(target, sizeof target, NEW_ROOT "%s", *targets);
        errno = mounts_make_directory(target, 0755);
        if (errno != 0) return "cannot make /dev, /proc, /sys or /run in the root";
    }
    return NULL;
}

/* An initramfs cannot pivot_root: its mounts move, then the root is moved over it. */
static const char *switch_root(void) {
    static const char *const targets[] = {"/dev", "/proc", "/sys", "/run", NULL};
    const char *failure = check_targets(targets);
    if (failure != NULL) return failure;
    for (const char *const *target = targets; *target != NULL; target++) {
        char moved[64];
        snprintf(moved, sizeof moved, NEW_ROOT "%s", *target);
        if (mount(*target, moved, NULL, MS_MOVE, NULL) != 0) return "cannot move a mount into the root";
    }
    if (chdir(NEW_ROOT) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0) return "cannot move the root";
    if (chroot(".") != 0 || chdir("/") != 0) return "cannot enter the root";
    return NULL;
}

static void mount_others(struct configuration *configuration) {
    for (size_t i = 0; i < configuration->disk_count; i++) {
        const struct disk *disk = &configuration->disks[i];
        if (disk->role != DISK_WORK && disk->role != DISK_OTHER) continue;
        int error = mount_disk(disk, disk->mount_point, 0);
        if (error == 0) continue;
        configuration_warn(configuration, "cannot mount %s at %s: %s", disk->device, disk->mount_point, strerror(error));
    }
}

/* An empty directory holds none: it is where the disk was mounted before. */
static bool holds_files(const char *path) {
    DIR *directory = opendir(path);
    struct dirent *entry;
    if (directory == NULL) return false;
    while ((entry = readdir(directory)) != NULL && entry->d_name[0] == '.') continue;
    closedir(directory);
    return entry != NULL;
}

static void mount_modules(struct configuration *configuration) {
    const struct disk *disk = find_role(configuration, DISK_MODULES);
    struct utsname system;
    char target[128];
    if (disk == NULL || uname(&system) != 0) return;
    snprintf(target, sizeof target, "/lib/modules/%s", system.release);
    if (holds_files(target)) return;
    int error = mount_disk(disk, target, MS_RDONLY | MS_NODEV | MS_NOSUID);
    if (error != 0) configuration_warn(configuration, "cannot mount the modules disk at %s: %s", target, strerror(error));
}

/* 0 or errno. */
static int bind_one(const struct disk *work, const struct bind *bind) {
    char source[PATH];
    struct statfs system;
    snprintf(source, sizeof source, "%s/%s", work->mount_point, bind->source);
    int error = mounts_make_directory(bind->target, 0755);
    if (error != 0) return error;
    if (statfs(bind->target, &system) != 0) return errno;
    if ((bind->flags & BIND_FILL) == 0) {
        if (system.f_type != OVERLAYFS_SUPER_MAGIC) return 0;
        error = mounts_make_directory(source, 0711);
    }
    if (error != 0) return error;
    return mount(source, bind->target, NULL, MS_BIND, NULL) != 0 ? errno : 0;
}

const struct disk *mounts_work_disk(struct configuration *configuration) { return find_role(configuration, DISK_WORK); }

void mounts_bind(struct configuration *configuration) {
    const struct disk *work = mounts_work_disk(configuration);
    for (size_t i = 0; i < configuration->bind_count; i++) {
        const struct bind *bind = &configuration->binds[i];
        int error = work == NULL ? ENODEV : strstr(bind->source, "..") != NULL ? EINVAL : bind_one(work, bind);
        if (error == 0) continue;
        /* What is written there must not land on the system disk: the next start would hide it. */
        if (bind->flags & BIND_FILL) fatal("cannot make the volume %s: %s", bind->target, strerror(error));
        configuration_warn(configuration, "cannot bind %s of the work disk to %s: %s", bind->source, bind->target, strerror(error));
    }
    machine_mark("binds");
}

const char *mounts_enter_root(struct configuration *configuration) {
    const char *failure = mount_root(configuration);
    machine_mark("mounted");
    if (failure == NULL) failure = switch_root();
    if (failure != NULL) {
        unmount_root();
        return failure;
    }
    machine_mark("root");
    mount_others(configuration);
    machine_mark("work");
    mount_modules(configuration);
    machine_mark("modules-disk");
    return NULL;
}
