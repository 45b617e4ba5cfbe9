/* STATS: /proc as numbers. What a kernel does not show is 0, or is missing from its list. */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "services.h"

enum { LINE = 8192, SECTOR = 512, ITEMS = 4096, NANOS = 1000000000 };

/* Calls each for the lines of a file. */
static void each_line(const char *path, void (*each)(char *line, void *context), void *context) {
    char line[LINE];
    FILE *file = fopen(path, "re");
    if (file == NULL) return;
    while (fgets(line, sizeof line, file) != NULL) each(line, context);
    fclose(file);
}

struct processors {
    uint32_t count;
    uint64_t user, nice, system, idle, iowait, irq, softirq, steal; /* in ticks */
};

static void read_processor_line(char *line, void *context) {
    struct processors *times = context;
    if (strncmp(line, "cpu", 3) != 0) return;
    if (isdigit((unsigned char)line[3])) times->count++;
    if (line[3] != ' ') return;
    sscanf(line + 3, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &times->user,
           &times->nice, &times->system, &times->idle, &times->iowait, &times->irq, &times->softirq, &times->steal);
}

static void put_processors(struct wire_writer *writer) {
    struct processors times = {0};
    struct timespec up;
    uint64_t tick = NANOS / (uint64_t)sysconf(_SC_CLK_TCK);
    each_line("/proc/stat", read_processor_line, &times);
    clock_gettime(CLOCK_BOOTTIME, &up);
    wire_put_u64(writer, (uint64_t)up.tv_sec * NANOS + (uint64_t)up.tv_nsec);
    wire_put_u32(writer, times.count);
    wire_put_u64(writer, (times.user + times.nice) * tick);
    wire_put_u64(writer, (times.system + times.irq + times.softirq) * tick);
    wire_put_u64(writer, times.idle * tick);
    wire_put_u64(writer, times.iowait * tick);
    wire_put_u64(writer, times.steal * tick);
}

enum memory { TOTAL, FREE, AVAILABLE, CACHED, SWAP_TOTAL, SWAP_FREE, MEMORY_FIELDS };

static void read_memory_line(char *line, void *context) {
    static const char *const names[MEMORY_FIELDS] = {"MemTotal:", "MemFree:", "MemAvailable:", "Cached:", "SwapTotal:", "SwapFree:"};
    uint64_t *memory = context;
    for (int i = 0; i < MEMORY_FIELDS; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(line, names[i], length) == 0) memory[i] = strtoull(line + length, NULL, 10) * 1024;
    }
}

static void put_memory(struct wire_writer *writer) {
    uint64_t memory[MEMORY_FIELDS] = {0};
    each_line("/proc/meminfo", read_memory_line, memory);
    for (int i = 0; i < MEMORY_FIELDS; i++) wire_put_u64(writer, memory[i]);
}

static void read_load_line(char *line, void *context) {
    uint32_t *load = context;
    unsigned whole[3], hundredths[3];
    if (sscanf(line, "%u.%u %u.%u %u.%u", &whole[0], &hundredths[0], &whole[1], &hundredths[1], &whole[2], &hundredths[2]) != 6) return;
    for (int i = 0; i < 3; i++) load[i] = whole[i] * 100 + hundredths[i];
}

static uint32_t count_processes(void) {
    uint32_t count = 0;
    DIR *directory = opendir("/proc");
    if (directory == NULL) return 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) count += isdigit((unsigned char)entry->d_name[0]) != 0;
    closedir(directory);
    return count;
}

static void put_load(struct wire_writer *writer) {
    uint32_t load[3] = {0};
    each_line("/proc/loadavg", read_load_line, load);
    for (int i = 0; i < 3; i++) wire_put_u32(writer, load[i]);
    wire_put_u32(writer, count_processes());
}

struct list {
    struct wire_writer *writer;
    size_t count;
    dev_t seen[ITEMS]; /* the devices of the file systems so far */
};

static void put_disk(char *line, void *context) {
    struct list *list = context;
    char name[64], path[96];
    uint64_t reads, read_sectors, writes, written_sectors;
    if (sscanf(line, "%*u %*u %63s %" SCNu64 " %*u %" SCNu64 " %*u %" SCNu64 " %*u %" SCNu64, name, &reads, &read_sectors, &writes,
               &written_sectors) != 5) {
        return;
    }
    bool idle = reads == 0 && writes == 0;
    if (list->count == ITEMS || (idle && (strncmp(name, "loop", 4) == 0 || strncmp(name, "ram", 3) == 0))) return;
    snprintf(path, sizeof path, "/sys/block/%s", name);
    if (access(path, F_OK) != 0) return; /* a partition */
    wire_put_text(list->writer, name);
    wire_put_u64(list->writer, read_sectors * SECTOR);
    wire_put_u64(list->writer, written_sectors * SECTOR);
    wire_put_u64(list->writer, reads);
    wire_put_u64(list->writer, writes);
    list->count++;
}

static void put_nic(char *line, void *context) {
    struct list *list = context;
    char *colon = strrchr(line, ':');
    uint64_t received, received_packets, sent, sent_packets;
    if (colon == NULL || list->count == ITEMS) return;
    *colon = 0;
    if (sscanf(colon + 1, "%" SCNu64 " %" SCNu64 " %*u %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64, &received, &received_packets, &sent,
               &sent_packets) != 4) {
        return;
    }
    wire_put_text(list->writer, line + strspn(line, " "));
    wire_put_u64(list->writer, received);
    wire_put_u64(list->writer, sent);
    wire_put_u64(list->writer, received_packets);
    wire_put_u64(list->writer, sent_packets);
    list->count++;
}

/* Undoes the \ooo of /proc/mounts in place. */
static void unescape(char *text) {
    char *out = text;
    for (; *text != 0; out++) {
        if (text[0] == '\\' && isdigit((unsigned char)text[1]) && isdigit((unsigned char)text[2]) && isdigit((unsigned char)text[3])) {
            *out = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
            text += 4;
        } else {
            *out = *text++;
        }
    }
    *out = 0;
}

/* File systems in memory are no disks, and those whose server may be dead are not asked. */
static bool left_out(const char *type) {
    static const char *const types[] = {"tmpfs", "devtmpfs", "ramfs", "autofs", "9p", "cifs", "smb3", "ceph", "nfs", "nfs4"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(type, types[i]) == 0) return true;
    }
    return strncmp(type, "fuse", 4) == 0 && strcmp(type, "fuseblk") != 0;
}

static bool is_new(struct list *list, dev_t device) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->seen[i] == device) return false;
    }
    list->seen[list->count] = device;
    return true;
}

static void put_file_system(char *line, void *context) {
    struct list *list = context;
    char *rest = line, *target, *type;
    struct statvfs system;
    struct stat status;
    strsep(&rest, " ");
    target = strsep(&rest, " ");
    type = strsep(&rest, " ");
    if (type == NULL || left_out(type) || list->count == ITEMS) return;
    unescape(target);
    if (statvfs(target, &system) != 0 || system.f_blocks == 0 || stat(target, &status) != 0 || !is_new(list, status.st_dev)) return;
    wire_put_text(list->writer, target);
    wire_put_u64(list->writer, (uint64_t)system.f_blocks * system.f_frsize);
    wire_put_u64(list->writer, (uint64_t)system.f_bfree * system.f_frsize);
    wire_put_u64(list->writer, (uint64_t)system.f_bavail * system.f_frsize);
    list->count++;
}

static void put_list(struct wire_writer *writer, const char *path, void (*put)(char *line, void *context)) {
    static struct list list;
    list = (struct list){.writer = writer};
    size_t position = wire_put_count(writer);
    each_line(path, put, &list);
    wire_set_count(writer, position, list.count);
}

static void put_clock(struct wire_writer *writer) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    wire_put_i64(writer, (int64_t)now.tv_sec * NANOS + now.tv_nsec);
}

int service_stats(const uint8_t *body, size_t length, int fd) {
    struct wire_writer writer = {0};
    (void)body;
    if (length != 0) {
        answer_error(fd, CODE_MALFORMED, "the request has a body of %zu bytes, and should have none", length);
        return 0;
    }
    wire_begin(&writer, WIRE_OK);
    put_processors(&writer);
    put_memory(&writer);
    put_load(&writer);
    put_list(&writer, "/proc/diskstats", put_disk);
    put_list(&writer, "/proc/net/dev", put_nic);
    put_list(&writer, "/proc/self/mounts", put_file_system);
    put_clock(&writer);
    if (!answer_message(fd, &writer)) answer_error(fd, CODE_LIMIT, "the statistics do not fit into a message");
    return 0;
}
