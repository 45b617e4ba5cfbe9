#include "configuration.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef void decoder(struct configuration *configuration, struct wire_reader *section);

void configuration_warn(struct configuration *configuration, const char *format, ...) {
    struct arena *arena = &configuration->arena;
    if (configuration->warnings == NULL) configuration->warnings = arena_array(arena, WARNINGS, sizeof *configuration->warnings);
    if (configuration->warnings == NULL || configuration->warning_count == WARNINGS) return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *warning = arena_text(arena, text, strlen(text));
    if (warning != NULL) configuration->warnings[configuration->warning_count++] = warning;
}

void configuration_free(struct configuration *configuration) {
    arena_free(&configuration->arena);
    memset(configuration, 0, sizeof *configuration);
}

/* Memory for a list's items; without any the section is bad. */
static void *items(struct configuration *configuration, struct wire_reader *section, size_t *count, size_t least, size_t size) {
    *count = wire_count(section, least);
    void *memory = arena_array(&configuration->arena, *count + 1, size);
    if (memory == NULL) {
        section->bad = true;
        *count = 0;
    }
    return memory;
}

static const char *name(struct configuration *c, struct wire_reader *r) { return wire_text(r, &c->arena, WIRE_NAME_LIMIT); }
static const char *path(struct configuration *c, struct wire_reader *r) { return wire_text(r, &c->arena, WIRE_PATH_LIMIT); }

/* What goes into a line of a file must not end it. */
static const char *line(struct configuration *c, struct wire_reader *r, size_t limit) {
    const char *text = wire_text(r, &c->arena, limit);
    if (strpbrk(text, "\r\n") != NULL) r->bad = true;
    return text;
}

static void decode_hostname(struct configuration *c, struct wire_reader *r) {
    c->hostname = line(c, r, 64);
    size_t plain = strspn(c->hostname, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    if (plain == 0 || c->hostname[plain] != 0) r->bad = true;
}

static void decode_machine_id(struct configuration *c, struct wire_reader *r) {
    c->machine_id = line(c, r, 32);
    if (strspn(c->machine_id, "0123456789abcdef") != 32) r->bad = true;
}

static void decode_clock(struct configuration *c, struct wire_reader *r) {
    c->clock = wire_i64(r);
    c->has_clock = true;
    if (c->clock < 0) r->bad = true;
}

static void decode_entropy(struct configuration *c, struct wire_reader *r) {
    uint8_t *entropy = arena_array(&c->arena, 32, 1);
    if (entropy == NULL) {
        r->bad = true;
        return;
    }
    wire_fixed(r, entropy, 32);
    c->entropy = entropy;
}

static void decode_init(struct configuration *c, struct wire_reader *r) {
    c->init = wire_u8(r);
    if (c->init > INIT_AGENT) r->bad = true;
}

static void decode_disks(struct configuration *c, struct wire_reader *r) {
    c->has_disks = true;
    c->disks = items(c, r, &c->disk_count, 25 + 1, sizeof *c->disks);
    for (size_t i = 0; i < c->disk_count; i++) {
        struct disk *disk = &c->disks[i];
        disk->role = wire_u8(r);
        wire_fixed(r, disk->uuid, sizeof disk->uuid);
        disk->mount_point = path(c, r);
        disk->flags = wire_u8(r);
        bool shown = disk->role == DISK_BASE && disk->mount_point[0] != 0;
        bool placed = disk->role == DISK_WORK || disk->role == DISK_OTHER || shown;
        if (disk->role < DISK_BASE || disk->role > DISK_OTHER || (placed && disk->mount_point[0] != '/')) r->bad = true;
    }
}

static void decode_binds(struct configuration *c, struct wire_reader *r) {
    c->binds = items(c, r, &c->bind_count, 9, sizeof *c->binds);
    for (size_t i = 0; i < c->bind_count; i++) {
        c->binds[i].source = path(c, r);
        c->binds[i].target = path(c, r);
        c->binds[i].flags = wire_u8(r);
        if (c->binds[i].target[0] != '/' || (c->binds[i].flags & ~BIND_FILL) != 0) r->bad = true;
    }
}

static void decode_nics(struct configuration *c, struct wire_reader *r) {
    c->has_nics = true;
    c->nics = items(c, r, &c->nic_count, 10 + 2 + 2 + 2, sizeof *c->nics);
    for (size_t i = 0; i < c->nic_count; i++) {
        struct nic *nic = &c->nics[i];
        wire_fixed(r, nic->mac, sizeof nic->mac);
        nic->addresses = wire_texts(r, &c->arena, WIRE_NAME_LIMIT, &nic->address_count);
        nic->routes = items(c, r, &nic->route_count, 12, sizeof *nic->routes);
        for (size_t j = 0; j < nic->route_count; j++) {
            nic->routes[j].destination = name(c, r);
            nic->routes[j].via = name(c, r);
            nic->routes[j].metric = wire_u32(r);
        }
        nic->mtu = wire_u16(r);
    }
}

static const char **lines(struct configuration *c, struct wire_reader *r, size_t limit, size_t *count) {
    const char **texts = wire_texts(r, &c->arena, limit, count);
    for (size_t i = 0; i < *count; i++) {
        if (strpbrk(texts[i], "\r\n") != NULL) r->bad = true;
    }
    return texts;
}

static void decode_dns(struct configuration *c, struct wire_reader *r) {
    c->has_dns = true;
    c->servers = lines(c, r, WIRE_NAME_LIMIT, &c->server_count);
    c->search = lines(c, r, WIRE_NAME_LIMIT, &c->search_count);
}

static void decode_hosts(struct configuration *c, struct wire_reader *r) {
    c->has_hosts = true;
    c->hosts = items(c, r, &c->host_count, 8, sizeof *c->hosts);
    for (size_t i = 0; i < c->host_count; i++) {
        c->hosts[i].address = line(c, r, WIRE_NAME_LIMIT);
        c->hosts[i].names = line(c, r, WIRE_PATH_LIMIT);
    }
}

static void decode_files(struct configuration *c, struct wire_reader *r) {
    c->files = items(c, r, &c->file_count, 16, sizeof *c->files);
    for (size_t i = 0; i < c->file_count; i++) {
        struct file *file = &c->files[i];
        file->path = path(c, r);
        file->mode = wire_u32(r);
        file->owner = name(c, r);
        const uint8_t *content = wire_bytes(r, WIRE_CONFIGURATION_LIMIT, &file->length);
        if (content != NULL) content = (const uint8_t *)arena_text(&c->arena, content, file->length);
        file->content = content;
        if (file->path[0] != '/' || content == NULL) r->bad = true;
    }
}

/* A field of passwd or group. */
static const char *field(struct configuration *c, struct wire_reader *r, size_t limit) {
    const char *text = line(c, r, limit);
    if (strchr(text, ':') != NULL) r->bad = true;
    return text;
}

static void decode_users(struct configuration *c, struct wire_reader *r) {
    c->users = items(c, r, &c->user_count, 22, sizeof *c->users);
    for (size_t i = 0; i < c->user_count; i++) {
        struct new_user *user = &c->users[i];
        user->name = field(c, r, WIRE_NAME_LIMIT);
        user->uid = wire_u32(r);
        user->gid = wire_u32(r);
        user->home = field(c, r, WIRE_PATH_LIMIT);
        user->shell = field(c, r, WIRE_PATH_LIMIT);
        user->groups = lines(c, r, WIRE_NAME_LIMIT, &user->group_count);
        if (user->name[0] == 0 || strpbrk(user->name, "/, ") != NULL || user->home[0] != '/') r->bad = true;
        for (size_t j = 0; j < user->group_count; j++) {
            if (user->groups[j][0] == 0 || strpbrk(user->groups[j], ":,") != NULL) r->bad = true;
        }
    }
}

static void decode_synced(struct configuration *c, struct wire_reader *r) {
    struct synced *synced = &c->synced;
    synced->user = name(c, r);
    synced->keys = lines(c, r, WIRE_TEXT_LIMIT, &synced->key_count);
    synced->files = items(c, r, &synced->file_count, 13, sizeof *synced->files);
    for (size_t i = 0; i < synced->file_count; i++) {
        struct synced_file *file = &synced->files[i];
        file->path = line(c, r, WIRE_PATH_LIMIT);
        file->mode = wire_u32(r);
        file->flags = wire_u8(r);
        const uint8_t *content = wire_bytes(r, WIRE_CONFIGURATION_LIMIT, &file->length);
        if (content != NULL) content = (const uint8_t *)arena_text(&c->arena, content, file->length);
        file->content = content;
        if (file->path[0] == 0 || content == NULL || (file->mode & ~07777U) != 0 || (file->flags & ~SYNCED_QUIET) != 0) r->bad = true;
    }
}

static void decode_environment(struct configuration *c, struct wire_reader *r) {
    c->has_environment = true;
    c->environment = wire_texts(r, &c->arena, WIRE_TEXT_LIMIT, &c->environment_count);
    for (size_t i = 0; i < c->environment_count; i++) {
        if (strchr(c->environment[i], '=') == NULL) r->bad = true;
    }
    if (c->environment_count > 4096) r->bad = true;
}

static void decode_entrypoint(struct configuration *c, struct wire_reader *r) {
    c->entrypoint = wire_texts(r, &c->arena, WIRE_TEXT_LIMIT, &c->entrypoint_count);
    c->entrypoint_directory = path(c, r);
    c->entrypoint_user = name(c, r);
    c->stop_signal = wire_u8(r);
    if (c->stop_signal == 0 || c->stop_signal >= NSIG) r->bad = true;
}

/* By tag. */
static const struct {
    const char *name;
    decoder *decode;
} sections[] = {
    {NULL, NULL},
    {"hostname", decode_hostname},
    {"machineId", decode_machine_id},
    {"clock", decode_clock},
    {"entropy", decode_entropy},
    {"init", decode_init},
    {"disks", decode_disks},
    {"binds", decode_binds},
    {"nics", decode_nics},
    {"dns", decode_dns},
    {"hosts", decode_hosts},
    {"files", decode_files},
    {"users", decode_users},
    {NULL, NULL}, /* 13 and 14 were used once */
    {NULL, NULL},
    {"environment", decode_environment},
    {"entrypoint", decode_entrypoint},
    {"synced", decode_synced},
};

const char *configuration_decode(struct configuration *configuration, struct wire_reader body) {
    static char mistake[64];
    memset(configuration, 0, sizeof *configuration);
    bool seen[sizeof sections / sizeof *sections] = {false};
    size_t count = wire_count(&body, 6);
    const char *wrong = NULL;
    for (size_t i = 0; i < count && wrong == NULL; i++) {
        uint16_t tag = wire_u16(&body);
        size_t length;
        const uint8_t *bytes = wire_bytes(&body, WIRE_CONFIGURATION_LIMIT, &length);
        if (body.bad) break;
        if (tag >= sizeof sections / sizeof *sections || sections[tag].decode == NULL) {
            configuration_warn(configuration, "section %u is unknown and was skipped", tag);
            continue;
        }
        struct wire_reader section = wire_reader(bytes, length);
        sections[tag].decode(configuration, &section);
        snprintf(mistake, sizeof mistake, "section %s is %s", sections[tag].name, seen[tag] ? "there twice" : "malformed");
        if (!wire_finished(&section) || seen[tag]) wrong = mistake;
        seen[tag] = true;
    }
    if (wrong == NULL && !wire_finished(&body)) wrong = "the list of sections is malformed";
    if (wrong != NULL) configuration_free(configuration);
    return wrong;
}
