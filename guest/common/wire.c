#include "wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void wire_store_u16(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void wire_store_u32(uint8_t *at, uint32_t value) {
    wire_store_u16(at, (uint16_t)(value >> 16));
    wire_store_u16(at + 2, (uint16_t)value);
}

void wire_store_u64(uint8_t *at, uint64_t value) {
    wire_store_u32(at, (uint32_t)(value >> 32));
    wire_store_u32(at + 4, (uint32_t)value);
}

uint16_t wire_load_u16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

uint32_t wire_load_u32(const uint8_t *at) { return (uint32_t)wire_load_u16(at) << 16 | wire_load_u16(at + 2); }

uint64_t wire_load_u64(const uint8_t *at) { return (uint64_t)wire_load_u32(at) << 32 | wire_load_u32(at + 4); }

struct wire_reader wire_reader(const void *bytes, size_t length) {
    return (struct wire_reader){.at = bytes, .left = length};
}

/* The next length bytes, or NULL: then the reader is bad. */
static const uint8_t *take(struct wire_reader *reader, size_t length) {
    if (reader->bad || length > reader->left) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *at = reader->at;
    if (length > 0) reader->at += length;
    reader->left -= length;
    return at;
}

uint8_t wire_u8(struct wire_reader *reader) {
    const uint8_t *at = take(reader, 1);
    return at == NULL ? 0 : *at;
}

uint16_t wire_u16(struct wire_reader *reader) {
    const uint8_t *at = take(reader, 2);
    return at == NULL ? 0 : wire_load_u16(at);
}

uint32_t wire_u32(struct wire_reader *reader) {
    const uint8_t *at = take(reader, 4);
    return at == NULL ? 0 : wire_load_u32(at);
}

uint64_t wire_u64(struct wire_reader *reader) {
    const uint8_t *at = take(reader, 8);
    return at == NULL ? 0 : wire_load_u64(at);
}

int64_t wire_i64(struct wire_reader *reader) { return (int64_t)wire_u64(reader); }

bool wire_bool(struct wire_reader *reader) {
    uint8_t value = wire_u8(reader);
    if (value > 1) reader->bad = true;
    return value == 1;
}

const uint8_t *wire_bytes(struct wire_reader *reader, size_t limit, size_t *length) {
    *length = wire_u32(reader);
    if (*length > limit) reader->bad = true;
    const uint8_t *at = take(reader, *length);
    if (at == NULL) *length = 0;
    return at;
}

void wire_fixed(struct wire_reader *reader, void *out, size_t length) {
    size_t actual;
    const uint8_t *bytes = wire_bytes(reader, length, &actual);
    if (bytes != NULL && actual == length) {
        memcpy(out, bytes, length);
    } else {
        reader->bad = true;
        memset(out, 0, length);
    }
}

const char *wire_text(struct wire_reader *reader, struct arena *arena, size_t limit) {
    size_t length;
    const uint8_t *bytes = wire_bytes(reader, limit, &length);
    if (bytes == NULL || length == 0) return "";
    const char *text = memchr(bytes, 0, length) == NULL ? arena_text(arena, bytes, length) : NULL;
    if (text == NULL) reader->bad = true;
    return text == NULL ? "" : text;
}

size_t wire_count(struct wire_reader *reader, size_t item_minimum) {
    size_t count = wire_u16(reader);
    if (count * item_minimum > reader->left) reader->bad = true;
    return reader->bad ? 0 : count;
}

const char **wire_texts(struct wire_reader *reader, struct arena *arena, size_t limit, size_t *count) {
    static const char *none[] = {NULL};
    *count = wire_count(reader, 4);
    const char **texts = arena_array(arena, *count + 1, sizeof *texts);
    if (texts == NULL) {
        reader->bad = true;
        *count = 0;
        return none;
    }
    for (size_t i = 0; i < *count; i++) texts[i] = wire_text(reader, arena, limit);
    return texts;
}

bool wire_finished(const struct wire_reader *reader) { return !reader->bad && reader->left == 0; }

void wire_clear(struct wire_writer *writer) {
    free(writer->data);
    *writer = (struct wire_writer){0};
}

/* Room for length more bytes at the end, or NULL: then the writer has failed. */
static uint8_t *append(struct wire_writer *writer, size_t length) {
    if (writer->failed || length > WIRE_CONFIGURATION_LIMIT) {
        writer->failed = true;
        return NULL;
    }
    size_t wanted = writer->length + length;
    if (wanted > writer->capacity) {
        size_t capacity = writer->capacity == 0 ? 256 : writer->capacity;
        while (capacity < wanted) capacity *= 2;
        uint8_t *data = realloc(writer->data, capacity);
        if (data == NULL) {
            writer->failed = true;
            return NULL;
        }
        writer->data = data;
        writer->capacity = capacity;
    }
    uint8_t *at = writer->data + writer->length;
    writer->length = wanted;
    return at;
}

void wire_begin(struct wire_writer *writer, uint16_t kind) {
    writer->message = writer->length;
    writer->failed = false;
    wire_put_u32(writer, 0);
    wire_put_u16(writer, kind);
}

void wire_put_u8(struct wire_writer *writer, uint8_t value) { wire_put_raw(writer, &value, 1); }

void wire_put_u16(struct wire_writer *writer, uint16_t value) {
    uint8_t *at = append(writer, 2);
    if (at != NULL) wire_store_u16(at, value);
}

void wire_put_u32(struct wire_writer *writer, uint32_t value) {
    uint8_t *at = append(writer, 4);
    if (at != NULL) wire_store_u32(at, value);
}

void wire_put_u64(struct wire_writer *writer, uint64_t value) {
    uint8_t *at = append(writer, 8);
    if (at != NULL) wire_store_u64(at, value);
}

void wire_put_i64(struct wire_writer *writer, int64_t value) { wire_put_u64(writer, (uint64_t)value); }

void wire_put_raw(struct wire_writer *writer, const void *bytes, size_t length) {
    uint8_t *at = append(writer, length);
    if (at != NULL && length > 0) memcpy(at, bytes, length);
}

void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t length) {
    wire_put_u32(writer, (uint32_t)length);
    wire_put_raw(writer, bytes, length);
}

void wire_put_text(struct wire_writer *writer, const char *text) {
    wire_put_bytes(writer, text, strnlen(text, WIRE_TEXT_LIMIT));
}

size_t wire_put_count(struct wire_writer *writer) {
    size_t position = writer->length;
    wire_put_u16(writer, 0);
    return position;
}

void wire_set_count(struct wire_writer *writer, size_t position, size_t count) {
    if (count > UINT16_MAX) writer->failed = true;
    if (!writer->failed) wire_store_u16(writer->data + position, (uint16_t)count);
}

bool wire_end(struct wire_writer *writer) {
    size_t length = writer->length - writer->message;
    if (length < WIRE_HEADER || length - 4 > WIRE_CONFIGURATION_LIMIT) writer->failed = true;
    if (writer->failed) {
        writer->length = writer->message;
        return false;
    }
    wire_store_u32(writer->data + writer->message, (uint32_t)(length - 4));
    return true;
}

bool wire_error(struct wire_writer *writer, enum wire_code code, int error, const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    wire_begin(writer, WIRE_ERROR);
    wire_put_u16(writer, (uint16_t)code);
    wire_put_u32(writer, (uint32_t)error);
    wire_put_text(writer, text);
    return wire_end(writer);
}

bool wire_write_all(int fd, const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    while (length > 0) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        at += written;
        length -= (size_t)written;
    }
    return true;
}

bool wire_read_all(int fd, void *bytes, size_t length) {
    uint8_t *at = bytes;
    while (length > 0) {
        ssize_t got = read(fd, at, length);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) errno = 0;
        if (got <= 0) return false;
        at += got;
        length -= (size_t)got;
    }
    return true;
}
