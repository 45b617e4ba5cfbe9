/* The messages of PROTOCOL.md, section 3: `u32 length | u16 kind | body`, everything big-endian.
 *
 * A reader never reads past its end: from the first mistake on it is bad, and every read gives zero or an empty text. So a
 * body is decoded whole and asked once, by wire_finished. A writer is asked once too, when its message is ended. */
#ifndef BANGER_WIRE_H
#define BANGER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

enum {
    WIRE_HEADER = 6,
    WIRE_MESSAGE_LIMIT = 1048576,
    WIRE_CONFIGURATION_LIMIT = 4194304,
    WIRE_TEXT_LIMIT = 65536,
    WIRE_PATH_LIMIT = 4096,
    WIRE_NAME_LIMIT = 255,
    WIRE_DATA_LIMIT = 32768,
};

enum wire_kind {
    WIRE_OK = 0x0001,
    WIRE_ERROR = 0x0002,
    WIRE_DATA = 0x0003,
    WIRE_INCOMING = 0x0004,
    WIRE_INFO = 0x0100,
    WIRE_CONFIGURE = 0x0101,
    WIRE_APPLY = 0x0102,
    WIRE_IDENTITY = 0x0103,
    WIRE_SET_CLOCK = 0x0104,
    WIRE_STATS = 0x0105,
    WIRE_PORTS = 0x0106,
    WIRE_SYNC = 0x0107,
    WIRE_POWER = 0x0108,
    WIRE_FREEZE = 0x0109,
    WIRE_THAW = 0x010A,
    WIRE_GROW = 0x010B,
    WIRE_TRIM = 0x010C,
    WIRE_EXEC_START = 0x0200,
    WIRE_EXEC_OUTPUT = 0x0201,
    WIRE_EXEC_INPUT = 0x0202,
    WIRE_EXEC_WAIT = 0x0203,
    WIRE_EXEC_SIGNAL = 0x0204,
    WIRE_EXEC_RESIZE = 0x0205,
    WIRE_EXEC_FORGET = 0x0206,
    WIRE_EXEC_LIST = 0x0207,
    WIRE_COPY_IN = 0x0300,
    WIRE_COPY_OUT = 0x0301,
    WIRE_STAT = 0x0302,
    WIRE_SFTP = 0x0310,
    WIRE_CONNECT = 0x0400,
    WIRE_LISTEN = 0x0401,
    WIRE_DATAGRAMS = 0x0402,
};

enum wire_code {
    CODE_UNKNOWN = 1,
    CODE_MALFORMED = 2,
    CODE_LIMIT = 3,
    CODE_NOT_FOUND = 4,
    CODE_STATE = 5,
    CODE_SYSTEM = 6,
    CODE_UNSUPPORTED = 7,
    CODE_EXISTS = 8,
    CODE_PERMISSION = 9,
};

struct wire_reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

struct wire_reader wire_reader(const void *bytes, size_t length);
uint8_t wire_u8(struct wire_reader *reader);
uint16_t wire_u16(struct wire_reader *reader);
uint32_t wire_u32(struct wire_reader *reader);
uint64_t wire_u64(struct wire_reader *reader);
int64_t wire_i64(struct wire_reader *reader);
bool wire_bool(struct wire_reader *reader);

/* `bytes`, borrowed from the message. More than limit bytes are a mistake. */
const uint8_t *wire_bytes(struct wire_reader *reader, size_t limit, size_t *length);

/* `bytes` of exactly this length, copied. */
void wire_fixed(struct wire_reader *reader, void *out, size_t length);

/* `str`, copied, NUL-terminated; never NULL. A NUL inside, or more than limit bytes, is a mistake. */
const char *wire_text(struct wire_reader *reader, struct arena *arena, size_t limit);

/* The count of a `list` whose items take at least item_minimum (at least 1) bytes: never more than can follow. */
size_t wire_count(struct wire_reader *reader, size_t item_minimum);

/* `list<str>` as a vector that a NULL ends; never NULL itself. */
const char **wire_texts(struct wire_reader *reader, struct arena *arena, size_t limit, size_t *count);

/* Nothing was wrong, and nothing is left over. */
bool wire_finished(const struct wire_reader *reader);

struct wire_writer {
    uint8_t *data; /* malloc'ed; wire_clear frees it */
    size_t length;
    size_t capacity;
    size_t message; /* where the message under way begins */
    bool failed;    /* no memory, or a limit passed */
};

void wire_clear(struct wire_writer *writer);
void wire_begin(struct wire_writer *writer, uint16_t kind);
void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u16(struct wire_writer *writer, uint16_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
void wire_put_i64(struct wire_writer *writer, int64_t value);
void wire_put_raw(struct wire_writer *writer, const void *bytes, size_t length);
void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t length);

/* `str`; what is above WIRE_TEXT_LIMIT is cut off. */
void wire_put_text(struct wire_writer *writer, const char *text);

/* Reserves a `u16` count, to be filled by wire_set_count when it is known. */
size_t wire_put_count(struct wire_writer *writer);
void wire_set_count(struct wire_writer *writer, size_t position, size_t count);

/* Fills in the length. False when the message could not be built: then the writer holds nothing of it. */
bool wire_end(struct wire_writer *writer);

/* A whole ERROR message. */
bool wire_error(struct wire_writer *writer, enum wire_code code, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

void wire_store_u16(uint8_t *at, uint16_t value);
void wire_store_u32(uint8_t *at, uint32_t value);
void wire_store_u64(uint8_t *at, uint64_t value);
uint16_t wire_load_u16(const uint8_t *at);
uint32_t wire_load_u32(const uint8_t *at);
uint64_t wire_load_u64(const uint8_t *at);

/* Blocking I/O for services, tests and clients: all of it or false (errno says why; reading, 0 means an early end). */
bool wire_write_all(int fd, const void *bytes, size_t length);
bool wire_read_all(int fd, void *bytes, size_t length);

#endif
