#include "disks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of ext4's superblock. */
enum { SUPERBLOCK = 1024, MAGIC_AT = 0x38, INCOMPATIBLE_AT = 0x60, RECOVER = 4, UUID_AT = 0x68, SUPERBLOCK_READ = 0x78 };

enum { SEEN_LIMIT = 32 };

/* File systems that were found before anybody asked for them. */
static struct disk seen[SEEN_LIMIT];
static size_t seen_count;

void disks_uuid_text(const uint8_t uuid[16], char text[37]) {
    char *at = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        at += sprintf(at, "%02x", uuid[i]);
    }
}

/* False: no ext4 there. */
static bool read_superblock(const char *device, struct disk *disk) {
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    uint8_t block[SUPERBLOCK_READ];
    ssize_t length = pread(fd, block, sizeof block, SUPERBLOCK);
    close(fd);
    if (length != sizeof block || block[MAGIC_AT] != 0x53 || block[MAGIC_AT + 1] != 0xEF) return false;
    memcpy(disk->uuid, block + UUID_AT, sizeof disk->uuid);
    disk->clean = (block[INCOMPATIBLE_AT] & RECOVER) == 0;
    snprintf(disk->device, sizeof disk->device, "%s", device);
    return true;
}

/* Those of the wanted disks that this one is get its device; returns how many. */
static size_t match(struct disk *disks, size_t count, const struct disk *found) {
    size_t matched = 0;
    for (size_t i = 0; i < count; i++) {
        if (disks[i].device[0] != 0 || memcmp(disks[i].uuid, found->uuid, sizeof found->uuid) != 0) continue;
        strcpy(disks[i].device, found->device);
        disks[i].clean = found->clean;
        matched++;
    }
    return matched;
}

/* Calls each for every file system there is, until it returns false. */
static void scan(bool (*each)(const struct disk *found, void *context), void *context) {
    DIR *blocks = opendir("/sys/class/block");
    if (blocks == NULL) return;
    bool more = true;
    for (struct dirent *entry; more && (entry = readdir(blocks)) != NULL;) {
        struct disk found;
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "loop", 4) == 0) continue;
        char device[64];
        int length = snprintf(device, sizeof device, "/dev/%s", entry->d_name);
        if (length < (int)sizeof device && read_superblock(device, &found)) more = each(&found, context);
    }
    closedir(blocks);
}

static bool keep(const struct disk *found, void *context) {
    (void)context;
    seen[seen_count++] = *found;
    return seen_count < SEEN_LIMIT;
}

void disks_look_ahead(void) {
    seen_count = 0;
    scan(keep, NULL);
}

struct search {
    struct disk *disks;
    size_t count;
    size_t missing;
};

static bool take(const struct disk *found, void *context) {
    struct search *search = context;
    search->missing -= match(search->disks, search->count, found);
    return search->missing > 0;
}

size_t disks_find(struct disk *disks, size_t count) {
    struct search search = {.disks = disks, .count = count};
    for (size_t i = 0; i < count; i++) search.missing += disks[i].device[0] == 0;
    for (size_t i = 0; i < seen_count; i++) search.missing -= match(disks, count, &seen[i]);
    seen_count = 0; /* whoever looks again looks anew */
    if (search.missing > 0) scan(take, &search);
    return search.missing;
}

int disks_watch(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (fd < 0) return -1;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}
