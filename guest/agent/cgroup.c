#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "process.h"

#define TOP "/sys/fs/cgroup"

enum { PATH = 128, LEFT_LIMIT = 4096 };

bool cgroup_enabled;

/* Cgroups that wait to become empty. */
struct left {
    struct left *next;
    uint8_t id[16];
};

static struct left *left;
static int left_count;

static void path_of(const uint8_t id[16], const char *file, char path[PATH]) {
    int length = snprintf(path, PATH, TOP "/banger/");
    for (int i = 0; i < 16; i++) length += snprintf(path + length, (size_t)(PATH - length), "%02x", id[i]);
    snprintf(path + length, (size_t)(PATH - length), "%s", file);
}

static bool mounted(void) {
    struct statfs status;
    return cgroup_enabled && statfs(TOP, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

void cgroup_look_ahead(void) {
    if (mounted()) mkdir(TOP "/banger", 0755);
}

int cgroup_make(const uint8_t id[16]) {
    if (!mounted()) return -1;
    char path[PATH];
    path_of(id, "", path);
    if (mkdir(path, 0755) != 0 && errno == ENOENT) {
        mkdir(TOP "/banger", 0755);
        mkdir(path, 0755);
    }
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int signal_each(const uint8_t id[16], int signal) {
    char path[PATH];
    path_of(id, "/cgroup.procs", path);
    FILE *file = fopen(path, "re");
    if (file == NULL) return ESRCH;
    int error = ESRCH;
    char line[32];
    while (fgets(line, sizeof line, file) != NULL) {
        int pid = atoi(line);
        if (pid <= 1) continue;
        int failed = kill(pid, signal) != 0 ? errno : 0;
        if (failed == 0 || error == ESRCH) error = failed;
    }
    fclose(file);
    return error;
}

int cgroup_signal(const uint8_t id[16], int signal) {
    char path[PATH];
    path_of(id, "/cgroup.kill", path);
    if (signal == SIGKILL && cgroup_enabled && process_write_text(path, "1") == 0) return 0;
    return cgroup_enabled ? signal_each(id, signal) : ESRCH;
}

static bool removed(const uint8_t id[16]) {
    char path[PATH];
    path_of(id, "", path);
    return rmdir(path) == 0 || errno != EBUSY;
}

void cgroup_remove(const uint8_t id[16]) {
    if (!cgroup_enabled || removed(id) || left_count == LEFT_LIMIT) return;
    struct left *entry = malloc(sizeof *entry);
    if (entry == NULL) return;
    memcpy(entry->id, id, sizeof entry->id);
    entry->next = left;
    left = entry;
    left_count++;
}

void cgroup_sweep(void) {
    for (struct left **link = &left; *link != NULL;) {
        struct left *entry = *link;
        if (!removed(entry->id)) {
            link = &entry->next;
            continue;
        }
        *link = entry->next;
        free(entry);
        left_count--;
    }
}
