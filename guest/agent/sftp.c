#include "sftp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Goes with the statuses of sftp_status. */
static const char *const MESSAGES[] = {"Success", "End of file", "No such file", "Permission denied",    "Failure",
                                       "Bad message", "",        "",             "Operation unsupported"};

void sftp_reply_begin(struct sftp *sftp, uint8_t type, uint32_t id) {
    sftp->reply.length = 0;
    sftp->reply.failed = false;
    wire_put_u32(&sftp->reply, 0);
    wire_put_u8(&sftp->reply, type);
    wire_put_u32(&sftp->reply, id);
}

bool sftp_reply_send(struct sftp *sftp) {
    if (sftp->reply.failed) return false;
    wire_store_u32(sftp->reply.data, (uint32_t)(sftp->reply.length - 4));
    return wire_write_all(sftp->output, sftp->reply.data, sftp->reply.length);
}

bool sftp_reply_status(struct sftp *sftp, uint32_t id, enum sftp_status status, const char *message) {
    sftp_reply_begin(sftp, SFTP_STATUS, id);
    wire_put_u32(&sftp->reply, status);
    wire_put_text(&sftp->reply, message != NULL ? message : MESSAGES[status]);
    wire_put_text(&sftp->reply, "");
    return sftp_reply_send(sftp);
}

bool sftp_reply_errno(struct sftp *sftp, uint32_t id, int error) {
    switch (error) {
    case 0: return sftp_reply_status(sftp, id, SFTP_OK, NULL);
    case ENOENT:
    case ENOTDIR:
    case EBADF:
    case ELOOP: return sftp_reply_status(sftp, id, SFTP_NO_SUCH_FILE, strerror(error));
    case EPERM:
    case EACCES: return sftp_reply_status(sftp, id, SFTP_PERMISSION_DENIED, strerror(error));
    case EOPNOTSUPP:
    case ENOSYS: return sftp_reply_status(sftp, id, SFTP_UNSUPPORTED, strerror(error));
    default: return sftp_reply_status(sftp, id, SFTP_FAILURE, strerror(error));
    }
}

bool sftp_reply_result(struct sftp *sftp, uint32_t id, int result) { return sftp_reply_errno(sftp, id, result == 0 ? 0 : errno); }

void sftp_put_attributes(struct sftp *sftp, const struct stat *status) {
    struct wire_writer *reply = &sftp->reply;
    wire_put_u32(reply, SFTP_HAS_SIZE | SFTP_HAS_OWNER | SFTP_HAS_MODE | SFTP_HAS_TIMES);
    wire_put_u64(reply, (uint64_t)status->st_size);
    wire_put_u32(reply, status->st_uid);
    wire_put_u32(reply, status->st_gid);
    wire_put_u32(reply, status->st_mode);
    wire_put_u32(reply, (uint32_t)status->st_atim.tv_sec);
    wire_put_u32(reply, (uint32_t)status->st_mtim.tv_sec);
}

bool sftp_reply_stat(struct sftp *sftp, uint32_t id, const struct stat *status) {
    sftp_reply_begin(sftp, SFTP_ATTRIBUTES, id);
    sftp_put_attributes(sftp, status);
    return sftp_reply_send(sftp);
}

struct sftp_handle *sftp_find_handle(struct sftp *sftp, const struct sftp_request *request) {
    struct sftp_handle *handle = request->handle < SFTP_HANDLES ? &sftp->handles[request->handle] : NULL;
    return handle != NULL && handle->file >= 0 ? handle : NULL;
}

void sftp_close(struct sftp_handle *handle) {
    if (handle->directory != NULL) {
        closedir(handle->directory);
    } else if (handle->file >= 0) {
        close(handle->file);
    }
    *handle = (struct sftp_handle){.file = -1};
}

static bool greet(struct sftp *sftp) {
    static const char *const extensions[][2] = {
        {"posix-rename@openssh.com", "1"}, {"statvfs@openssh.com", "2"},  {"fstatvfs@openssh.com", "2"}, {"hardlink@openssh.com", "1"},
        {"fsync@openssh.com", "1"},        {"lsetstat@openssh.com", "1"}, {"limits@openssh.com", "1"},
    };
    sftp_reply_begin(sftp, SFTP_VERSION_REPLY, SFTP_VERSION);
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        wire_put_text(&sftp->reply, extensions[i][0]);
        wire_put_text(&sftp->reply, extensions[i][1]);
    }
    return sftp_reply_send(sftp);
}

static bool reply_limits(struct sftp *sftp, uint32_t id) {
    sftp_reply_begin(sftp, SFTP_EXTENDED_REPLY, id);
    wire_put_u64(&sftp->reply, SFTP_PACKET_LIMIT);
    wire_put_u64(&sftp->reply, SFTP_DATA_LIMIT);
    wire_put_u64(&sftp->reply, SFTP_DATA_LIMIT);
    wire_put_u64(&sftp->reply, SFTP_HANDLES);
    return sftp_reply_send(sftp);
}

static bool answer(struct sftp *sftp, const struct sftp_request *request) {
    switch (request->type) {
    case SFTP_CLOSE:
    case SFTP_READ:
    case SFTP_WRITE:
    case SFTP_FSTAT:
    case SFTP_FSETSTAT:
    case SFTP_READDIR:
    case SFTP_FSYNC:
    case SFTP_FSTATVFS: return sftp_on_handle(sftp, request);
    case SFTP_LIMITS: return reply_limits(sftp, request->id);
    default: return sftp_on_name(sftp, request);
    }
}

/* Reads one packet into the buffer: its length, 0 at the end or when it breaks the limits (bad is set then). */
static size_t read_packet(struct sftp *sftp, uint8_t packet[SFTP_PACKET_LIMIT], bool *bad) {
    uint8_t header[4];
    if (!wire_read_all(sftp->input, header, sizeof header)) return 0;
    uint32_t length = wire_load_u32(header);
    *bad = length < 5 || length > SFTP_PACKET_LIMIT || !wire_read_all(sftp->input, packet, length);
    return *bad ? 0 : length;
}

/* The first packet has to be INIT, and no other. */
static bool serve_packet(struct sftp *sftp, const uint8_t *packet, size_t length, bool *greeted) {
    struct arena arena = {0};
    struct sftp_request request;
    bool decoded = sftp_decode(packet, length, &arena, &request), going;
    if ((request.type == SFTP_INIT) == *greeted || (!*greeted && !decoded)) {
        going = false;
    } else if (!*greeted) {
        going = greet(sftp);
        *greeted = true;
    } else if (!decoded) {
        going = sftp_reply_status(sftp, request.id, SFTP_BAD_MESSAGE, "The request is malformed");
    } else {
        going = answer(sftp, &request);
    }
    arena_free(&arena);
    return going;
}

int sftp_serve(int input, int output) {
    struct sftp *sftp = calloc(1, sizeof *sftp);
    uint8_t *packet = malloc(SFTP_PACKET_LIMIT);
    bool bad = sftp == NULL || packet == NULL, greeted = false;
    if (!bad) {
        sftp->input = input;
        sftp->output = output;
        for (int i = 0; i < SFTP_HANDLES; i++) sftp->handles[i].file = -1;
        for (size_t length; (length = read_packet(sftp, packet, &bad)) > 0;) {
            bad = !serve_packet(sftp, packet, length, &greeted);
            if (bad) break;
        }
        for (int i = 0; i < SFTP_HANDLES; i++) sftp_close(&sftp->handles[i]);
        wire_clear(&sftp->reply);
    }
    free(packet);
    free(sftp);
    return bad;
}
