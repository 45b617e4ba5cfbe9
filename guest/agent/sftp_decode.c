#include <string.h>

#include "sftp.h"

enum { EXTENDED_ATTRIBUTES = (int)0x80000000, HANDLE_BYTES = 4 };

static const struct {
    const char *name;
    unsigned type;
} EXTENSIONS[] = {
    {"posix-rename@openssh.com", SFTP_POSIX_RENAME}, {"hardlink@openssh.com", SFTP_HARD_LINK}, {"fsync@openssh.com", SFTP_FSYNC},
    {"statvfs@openssh.com", SFTP_STATVFS},           {"fstatvfs@openssh.com", SFTP_FSTATVFS},  {"limits@openssh.com", SFTP_LIMITS},
    {"lsetstat@openssh.com", SFTP_LSETSTAT},
};

static void attributes(struct wire_reader *reader, struct sftp_attributes *attributes) {
    attributes->flags = wire_u32(reader);
    if (attributes->flags & SFTP_HAS_SIZE) attributes->size = wire_u64(reader);
    if (attributes->flags & SFTP_HAS_OWNER) {
        attributes->uid = wire_u32(reader);
        attributes->gid = wire_u32(reader);
    }
    if (attributes->flags & SFTP_HAS_MODE) attributes->mode = wire_u32(reader);
    if (attributes->flags & SFTP_HAS_TIMES) {
        attributes->accessed = wire_u32(reader);
        attributes->modified = wire_u32(reader);
    }
    if (attributes->flags & (uint32_t)EXTENDED_ATTRIBUTES) {
        size_t length;
        for (uint32_t count = wire_u32(reader); count > 0 && !reader->bad; count--) {
            wire_bytes(reader, SFTP_PACKET_LIMIT, &length);
            wire_bytes(reader, SFTP_PACKET_LIMIT, &length);
        }
    }
}

/* A path; the empty one is the working directory. */
static const char *path(struct wire_reader *reader, struct arena *arena) {
    const char *text = wire_text(reader, arena, WIRE_PATH_LIMIT);
    return *text == 0 ? "." : text;
}

static uint32_t handle(struct wire_reader *reader) {
    size_t length;
    const uint8_t *bytes = wire_bytes(reader, 256, &length);
    uint32_t number = bytes != NULL && length == HANDLE_BYTES ? wire_load_u32(bytes) : SFTP_HANDLES;
    return number < SFTP_HANDLES ? number : SFTP_HANDLES;
}

static unsigned extension(struct wire_reader *reader, struct arena *arena) {
    const char *name = wire_text(reader, arena, WIRE_NAME_LIMIT);
    for (size_t i = 0; i < sizeof EXTENSIONS / sizeof *EXTENSIONS; i++) {
        if (strcmp(name, EXTENSIONS[i].name) == 0) return EXTENSIONS[i].type;
    }
    return SFTP_UNKNOWN_EXTENSION;
}

static void body(struct wire_reader *reader, struct arena *arena, struct sftp_request *request) {
    switch (request->type) {
    case SFTP_OPEN:
        request->path = path(reader, arena);
        request->flags = wire_u32(reader);
        attributes(reader, &request->attributes);
        break;
    case SFTP_READ:
        request->handle = handle(reader);
        request->offset = wire_u64(reader);
        request->length = wire_u32(reader);
        break;
    case SFTP_WRITE:
        request->handle = handle(reader);
        request->offset = wire_u64(reader);
        request->data = wire_bytes(reader, SFTP_PACKET_LIMIT, &request->data_length);
        break;
    case SFTP_FSETSTAT:
        request->handle = handle(reader);
        attributes(reader, &request->attributes);
        break;
    case SFTP_CLOSE:
    case SFTP_FSTAT:
    case SFTP_READDIR:
    case SFTP_FSYNC:
    case SFTP_FSTATVFS: request->handle = handle(reader); break;
    case SFTP_SETSTAT:
    case SFTP_LSETSTAT:
    case SFTP_MKDIR:
        request->path = path(reader, arena);
        attributes(reader, &request->attributes);
        break;
    case SFTP_SYMLINK: /* its first path, the target, may be empty or anything */
        request->path = wire_text(reader, arena, WIRE_PATH_LIMIT);
        request->other = path(reader, arena);
        break;
    case SFTP_RENAME:
    case SFTP_POSIX_RENAME:
    case SFTP_HARD_LINK:
        request->path = path(reader, arena);
        request->other = path(reader, arena);
        break;
    case SFTP_LSTAT:
    case SFTP_STAT:
    case SFTP_OPENDIR:
    case SFTP_REMOVE:
    case SFTP_RMDIR:
    case SFTP_REALPATH:
    case SFTP_READLINK:
    case SFTP_STATVFS: request->path = path(reader, arena); break;
    default: reader->left = 0; break; /* SFTP_LIMITS, and what nobody knows */
    }
}

bool sftp_decode(const uint8_t *packet, size_t length, struct arena *arena, struct sftp_request *request) {
    struct wire_reader reader = wire_reader(packet, length);
    *request = (struct sftp_request){.path = "", .other = "", .handle = SFTP_HANDLES};
    request->type = wire_u8(&reader);
    request->id = wire_u32(&reader); /* of INIT: the version */
    if (request->type == SFTP_INIT) return !reader.bad;
    if (request->type == SFTP_EXTENDED) request->type = extension(&reader, arena);
    if (!reader.bad) body(&reader, arena, request);
    return wire_finished(&reader);
}
