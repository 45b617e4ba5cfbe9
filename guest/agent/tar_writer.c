#include "tar_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What fits into the octal fields of a header. */
#define ID_LIMIT UINT64_C(07777777)
#define SIZE_LIMIT UINT64_C(077777777777)
enum { NAME_FIELD = 100 };

struct records {
    char *text;
    size_t length, capacity;
    bool failed;
};

static void append(struct records *records, const void *bytes, size_t length) {
    if (records->failed) return;
    if (records->capacity - records->length < length) {
        size_t capacity = (records->length + length) * 2;
        char *text = realloc(records->text, capacity);
        if (text == NULL) {
            records->failed = true;
            return;
        }
        records->text = text;
        records->capacity = capacity;
    }
    memcpy(records->text + records->length, bytes, length);
    records->length += length;
}

/* `LENGTH KEY=VALUE\n`: the length counts its own digits too. */
static void add_record(struct records *records, const char *key, const void *value, size_t length) {
    char number[24];
    size_t rest = strlen(key) + length + 3, total = rest;
    for (size_t digits = 0; digits != (size_t)snprintf(number, sizeof number, "%zu", total);) {
        digits = strlen(number);
        total = rest + digits;
    }
    append(records, number, strlen(number));
    append(records, " ", 1);
    append(records, key, strlen(key));
    append(records, "=", 1);
    append(records, value, length);
    append(records, "\n", 1);
}

static void add_number(struct records *records, const char *key, uint64_t value) {
    char text[24];
    add_record(records, key, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, value));
}

static void add_time(struct records *records, int64_t seconds, uint32_t nanos) {
    char text[40];
    bool negative = seconds < 0 && nanos > 0; /* -1.25 is second -2 and 0.75 of it */
    int64_t whole = negative ? seconds + 1 : seconds;
    uint32_t part = negative ? 1000000000 - nanos : nanos;
    const char *sign = negative && whole == 0 ? "-" : "";
    int length = part == 0 ? snprintf(text, sizeof text, "%" PRId64, whole)
                           : snprintf(text, sizeof text, "%s%" PRId64 ".%09" PRIu32, sign, whole, part);
    add_record(records, "mtime", text, (size_t)length);
}

static void collect(struct records *records, const struct tar_entry *entry) {
    if (strlen(entry->name) > NAME_FIELD) add_record(records, "path", entry->name, strlen(entry->name));
    if (strlen(entry->link) > NAME_FIELD) add_record(records, "linkpath", entry->link, strlen(entry->link));
    if (entry->size > SIZE_LIMIT) add_number(records, "size", entry->size);
    if (entry->uid > ID_LIMIT) add_number(records, "uid", entry->uid);
    if (entry->gid > ID_LIMIT) add_number(records, "gid", entry->gid);
    if (entry->nanos != 0 || entry->seconds < 0 || (uint64_t)entry->seconds > SIZE_LIMIT) add_time(records, entry->seconds, entry->nanos);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        char key[300];
        snprintf(key, sizeof key, "SCHILY.xattr.%s", entry->xattrs[i].name);
        add_record(records, key, entry->xattrs[i].value, entry->xattrs[i].length);
    }
}

/* Octal digits and a NUL; what does not fit is 0 and stands in the pax header. */
static void put_octal(uint8_t *field, size_t width, uint64_t value) {
    char text[24];
    if (value >> (3 * (width - 1)) != 0) value = 0;
    snprintf(text, sizeof text, "%0*" PRIo64, (int)(width - 1), value);
    memcpy(field, text, width);
}

static void put_text(uint8_t *field, size_t width, const char *text) {
    size_t length = strlen(text);
    memcpy(field, text, length < width ? length : width);
}

static bool write_header(struct tar_writer *writer, const struct tar_entry *entry, char type) {
    uint8_t header[TAR_BLOCK] = {0};
    unsigned sum = 0;
    put_text(header, NAME_FIELD, entry->name);
    put_octal(header + 100, 8, entry->mode);
    put_octal(header + 108, 8, entry->uid);
    put_octal(header + 116, 8, entry->gid);
    put_octal(header + 124, 12, entry->size);
    put_octal(header + 136, 12, entry->seconds < 0 ? 0 : (uint64_t)entry->seconds);
    header[156] = (uint8_t)type;
    put_text(header + 157, NAME_FIELD, entry->link);
    memcpy(header + 257, "ustar\0" "00", 8);
    put_octal(header + 329, 8, entry->major);
    put_octal(header + 337, 8, entry->minor);
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++) sum += header[i];
    put_octal(header + 148, 7, sum);
    return writer->write(writer->context, header, sizeof header);
}

static bool write_padding(struct tar_writer *writer, uint64_t size) {
    static const uint8_t zeros[TAR_BLOCK];
    size_t padding = (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
    return padding == 0 || writer->write(writer->context, zeros, padding);
}

static bool write_records(struct tar_writer *writer, const struct records *records) {
    const struct tar_entry entry = {.name = "././@PaxHeader", .link = "", .mode = 0644, .size = records->length};
    return write_header(writer, &entry, 'x') && writer->write(writer->context, records->text, records->length) &&
           write_padding(writer, records->length);
}

/* Writes what was collected and the header, frees the records, and remembers the padding. */
static bool finish_entry(struct tar_writer *writer, struct records *records, const struct tar_entry *entry) {
    if (records->failed) errno = ENOMEM;
    bool done = !records->failed && (records->length == 0 || write_records(writer, records)) &&
                write_header(writer, entry, (char)entry->type);
    free(records->text);
    writer->padding = (unsigned)((TAR_BLOCK - entry->size % TAR_BLOCK) % TAR_BLOCK);
    return done;
}

bool tar_write_entry(struct tar_writer *writer, const struct tar_entry *entry) {
    struct records records = {0};
    collect(&records, entry);
    return finish_entry(writer, &records, entry);
}

static void add_line(struct records *map, uint64_t value) {
    char line[24];
    append(map, line, (size_t)snprintf(line, sizeof line, "%" PRIu64 "\n", value));
}

bool tar_write_sparse_entry(struct tar_writer *writer, const struct tar_entry *entry, const struct tar_extent *extents, size_t count) {
    struct records records = {0}, map = {0};
    struct tar_entry stored = *entry;
    add_line(&map, count);
    stored.size = 0;
    for (size_t i = 0; i < count; i++) {
        add_line(&map, extents[i].offset);
        add_line(&map, extents[i].length);
        stored.size += extents[i].length;
    }
    size_t padded = (map.length + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    stored.size += padded;
    collect(&records, &stored);
    add_number(&records, "GNU.sparse.major", 1);
    add_number(&records, "GNU.sparse.minor", 0);
    add_record(&records, "GNU.sparse.name", entry->name, strlen(entry->name));
    add_number(&records, "GNU.sparse.realsize", entry->size);
    records.failed |= map.failed;
    bool done = finish_entry(writer, &records, &stored) && writer->write(writer->context, map.text, map.length) &&
                write_padding(writer, map.length);
    free(map.text);
    return done;
}

bool tar_write_data(struct tar_writer *writer, const void *bytes, size_t size) { return writer->write(writer->context, bytes, size); }

bool tar_write_data_end(struct tar_writer *writer) { return write_padding(writer, TAR_BLOCK - writer->padding); }

bool tar_write_end(struct tar_writer *writer) {
    static const uint8_t zeros[2 * TAR_BLOCK];
    return writer->write(writer->context, zeros, sizeof zeros);
}
