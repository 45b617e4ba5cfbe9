/* What CONFIGURE, APPLY and IDENTITY carry (PROTOCOL.md, section 4), decoded whole before anything is changed. */
#ifndef BANGER_CONFIGURATION_H
#define BANGER_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "wire.h"

enum disk_role { DISK_BASE = 1, DISK_UPPER, DISK_WORK, DISK_MODULES, DISK_OTHER };
enum { DISK_READ_ONLY = 1, DISK_DISCARD = 2, DISK_ZEROED = 4 };
enum { BIND_FILL = 1 };
enum init_mode { INIT_AUTO, INIT_SYSTEM, INIT_AGENT };

struct disk {
    uint8_t role;
    uint8_t uuid[16];
    const char *mount_point;
    uint8_t flags;
    char device[64]; /* filled in by disks_find; empty: not there yet */
    bool clean;      /* by disks_find: its journal holds nothing that is not in its place */
};

struct bind {
    const char *source;
    const char *target;
    uint8_t flags;
};

struct route {
    const char *destination;
    const char *via;
    uint32_t metric;
};

struct nic {
    uint8_t mac[6];
    const char **addresses;
    size_t address_count;
    struct route *routes;
    size_t route_count;
    uint16_t mtu;
};

struct host {
    const char *address;
    const char *names;
};

struct file {
    const char *path;
    uint32_t mode;
    const char *owner;
    const uint8_t *content;
    size_t length;
};

struct new_user {
    const char *name;
    uint32_t uid;
    uint32_t gid;
    const char *home;
    const char *shell;
    const char **groups;
    size_t group_count;
};

enum { SYNCED_QUIET = 1 };

struct synced_file {
    const char *path; /* absolute, or below the user's home */
    uint32_t mode;
    uint8_t flags;
    const uint8_t *content;
    size_t length;
};

/* All that the host keeps for a user of the guest. */
struct synced {
    const char *user; /* NULL: the section did not come */
    const char **keys;
    size_t key_count;
    struct synced_file *files;
    size_t file_count;
};

/* A section that did not come is NULL, or has its flag false. */
struct configuration {
    struct arena arena;
    const char *hostname;
    const char *machine_id;
    bool has_clock;
    int64_t clock;
    const uint8_t *entropy;
    uint8_t init;
    bool has_disks;
    struct disk *disks;
    size_t disk_count;
    struct bind *binds;
    size_t bind_count;
    bool has_nics;
    struct nic *nics;
    size_t nic_count;
    bool has_dns;
    const char **servers, **search;
    size_t server_count, search_count;
    bool has_hosts;
    struct host *hosts;
    size_t host_count;
    struct file *files;
    size_t file_count;
    struct new_user *users;
    size_t user_count;
    struct synced synced;
    bool has_environment;
    const char **environment;
    size_t environment_count;
    const char **entrypoint;
    size_t entrypoint_count;
    const char *entrypoint_directory, *entrypoint_user;
    uint8_t stop_signal;
    const char **warnings; /* of what was skipped and what went wrong */
    size_t warning_count;
};

enum { WARNINGS = 256 };

/* The bytes are copied. NULL, or what is wrong; what was decoded is freed then. */
const char *configuration_decode(struct configuration *configuration, struct wire_reader body);

void configuration_warn(struct configuration *configuration, const char *format, ...) __attribute__((format(printf, 2, 3)));
void configuration_free(struct configuration *configuration);

#endif
