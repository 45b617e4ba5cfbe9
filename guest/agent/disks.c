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
enum { SUPERBLOCK = 1024, MAGIC_AT = 0x38, UUID_AT = 0x68, SUPERBLOCK_READ = 0x78 };

void disks_uuid_text(const uint8_t uuid[16], char text[37]) {
    char *at = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
        at += sprintf(at, "%02x", uuid[i]);
    }
}

/* False: no ext4 there. */
static bool read_uuid(const char *device, uint8_t uuid[16]) {
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    uint8_t block[SUPERBLOCK_READ];
    ssize_t length = pread(fd, block, sizeof block, SUPERBLOCK);
    close(fd);
    if (length != sizeof block || block[MAGIC_AT] != 0x53 || block[MAGIC_AT + 1] != 0xEF) return false;
    memcpy(uuid, block + UUID_AT, 16);
    return true;
}

size_t disks_find(struct disk *disks, size_t count) {
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) missing += disks[i].device[0] == 0;
    DIR *blocks = missing == 0 ? NULL : opendir("/sys/class/block");
    if (blocks == NULL) return missing;
    for (struct dirent *entry; missing > 0 && (entry = readdir(blocks)) != NULL;) {
        char device[64];
        uint8_t uuid[16];
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "loop", 4) == 0) continue;
        int length = snprintf(device, sizeof device, "/dev/%s", entry->d_name);
        if (length >= (int)sizeof device || !read_uuid(device, uuid)) continue;
        for (size_t i = 0; i < count; i++) {
            if (disks[i].device[0] != 0 || memcmp(disks[i].uuid, uuid, sizeof uuid) != 0) continue;
            strcpy(disks[i].device, device);
            missing--;
        }
    }
    closedir(blocks);
    return missing;
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
