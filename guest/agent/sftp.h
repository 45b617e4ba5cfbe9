/* The server side of the SSH file transfer protocol, version 3, as OpenSSH speaks it. */
#ifndef BANGER_SFTP_H
#define BANGER_SFTP_H

#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "wire.h"

enum {
    SFTP_VERSION = 3,
    SFTP_PACKET_LIMIT = 262144,
    SFTP_DATA_LIMIT = SFTP_PACKET_LIMIT - 1024,
    SFTP_HANDLES = 256,
    SFTP_NAMES_AT_ONCE = 128,
};

enum sftp_type {
    SFTP_INIT = 1,
    SFTP_VERSION_REPLY,
    SFTP_OPEN,
    SFTP_CLOSE,
    SFTP_READ,
    SFTP_WRITE,
    SFTP_LSTAT,
    SFTP_FSTAT,
    SFTP_SETSTAT,
    SFTP_FSETSTAT,
    SFTP_OPENDIR,
    SFTP_READDIR,
    SFTP_REMOVE,
    SFTP_MKDIR,
    SFTP_RMDIR,
    SFTP_REALPATH,
    SFTP_STAT,
    SFTP_RENAME,
    SFTP_READLINK,
    SFTP_SYMLINK,
    SFTP_STATUS = 101,
    SFTP_HANDLE,
    SFTP_DATA,
    SFTP_NAME,
    SFTP_ATTRIBUTES,
    SFTP_EXTENDED = 200,
    SFTP_EXTENDED_REPLY,
    /* Not on the wire: the extensions, once their names are known. */
    SFTP_POSIX_RENAME = 256,
    SFTP_HARD_LINK,
    SFTP_FSYNC,
    SFTP_STATVFS,
    SFTP_FSTATVFS,
    SFTP_LIMITS,
    SFTP_LSETSTAT,
    SFTP_UNKNOWN_EXTENSION,
};

enum sftp_status { SFTP_OK, SFTP_EOF, SFTP_NO_SUCH_FILE, SFTP_PERMISSION_DENIED, SFTP_FAILURE, SFTP_BAD_MESSAGE, SFTP_UNSUPPORTED = 8 };

enum {
    SFTP_OPEN_READ = 1,
    SFTP_OPEN_WRITE = 2,
    SFTP_OPEN_APPEND = 4,
    SFTP_OPEN_CREATE = 8,
    SFTP_OPEN_TRUNCATE = 16,
    SFTP_OPEN_EXCLUSIVE = 32,
};

enum { SFTP_HAS_SIZE = 1, SFTP_HAS_OWNER = 2, SFTP_HAS_MODE = 4, SFTP_HAS_TIMES = 8 };

struct sftp_attributes {
    uint32_t flags;
    uint64_t size;
    uint32_t uid, gid, mode, accessed, modified;
};

/* A request, decoded. What its type has no use for is zero or "". */
struct sftp_request {
    unsigned type;
    uint32_t id;
    const char *path, *other; /* in the arena given to sftp_decode */
    uint32_t handle;          /* SFTP_HANDLES when it cannot be one */
    uint64_t offset;
    uint32_t length, flags;
    struct sftp_attributes attributes;
    const uint8_t *data; /* borrowed from the packet */
    size_t data_length;
};

/* Decodes a packet without its length. False when it is malformed; then only type and id are to be trusted. */
bool sftp_decode(const uint8_t *packet, size_t length, struct arena *arena, struct sftp_request *request);

struct sftp_handle {
    int file; /* -1: free */
    DIR *directory; /* NULL: a file; file is then its descriptor */
    bool appends;
};

struct sftp {
    int input, output;
    struct sftp_handle handles[SFTP_HANDLES];
    struct wire_writer reply;
};

/* Serves until the peer closes (0) or breaks the protocol (1). Paths are relative to the working directory. */
int sftp_serve(int input, int output);

/* Begin a reply, to which the caller adds with wire_put_*; send it. False when the peer has gone. */
void sftp_reply_begin(struct sftp *sftp, uint8_t type, uint32_t id);
bool sftp_reply_send(struct sftp *sftp);
bool sftp_reply_status(struct sftp *sftp, uint32_t id, enum sftp_status status, const char *message);

/* A status from errno; 0 is OK. */
bool sftp_reply_errno(struct sftp *sftp, uint32_t id, int error);

/* OK when result is 0, else errno. */
bool sftp_reply_result(struct sftp *sftp, uint32_t id, int result);
bool sftp_reply_stat(struct sftp *sftp, uint32_t id, const struct stat *status);
void sftp_put_attributes(struct sftp *sftp, const struct stat *status);

/* The open handle of a request; NULL and a reply when there is none. */
struct sftp_handle *sftp_find_handle(struct sftp *sftp, const struct sftp_request *request);

/* What is done with open files and directories, and with names. Each replies; false when the peer has gone. */
bool sftp_on_handle(struct sftp *sftp, const struct sftp_request *request);
bool sftp_on_name(struct sftp *sftp, const struct sftp_request *request);
void sftp_close(struct sftp_handle *handle);

#endif
