#include "tar_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tar_reader_init(struct tar_reader *reader, ssize_t (*read)(void *context, void *buffer, size_t size), void *context) {
    memset(reader, 0, sizeof *reader);
    reader->read = read;
    reader->context = context;
}

void tar_reader_free(struct tar_reader *reader) {
    arena_free(&reader->arena);
    arena_free(&reader->globals);
}

bool tar_bad(struct tar_reader *reader, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reader->error, sizeof reader->error, format, arguments);
    va_end(arguments);
    return false;
}

bool tar_fill(struct tar_reader *reader, void *buffer, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t length = reader->read(reader->context, (uint8_t *)buffer + done, size - done);
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) reader->error_number = errno;
        if (length < 0) return tar_bad(reader, "cannot read the archive");
        if (length == 0) {
            const char *name = reader->entry.name;
            return name == NULL ? tar_bad(reader, "the archive ends too early, before its first entry")
                                : tar_bad(reader, "the archive ends too early, at or after %.300s", name);
        }
        done += (size_t)length;
    }
    return true;
}

/* What tar_next answers for a stream that is bad. */
enum { BAD = -1 };

static bool skip(struct tar_reader *reader, uint64_t size) {
    uint8_t waste[8192];
    while (size > 0) {
        size_t part = size < sizeof waste ? (size_t)size : sizeof waste;
        if (!tar_fill(reader, waste, part)) return false;
        size -= part;
    }
    return true;
}

/* Octal text, or, with the first bit set, a number in base 256. Empty is 0; negative and too large are refused. */
bool tar_number(const uint8_t *field, size_t width, uint64_t *value) {
    size_t at = 0;
    *value = 0;
    if (field[0] & 0x80) {
        if (field[0] != 0x80) return false;
        for (at = 1; at < width; at++) {
            if (*value >> 55 != 0) return false;
            *value = *value << 8 | field[at];
        }
        return true;
    }
    while (at < width && field[at] == ' ') at++;
    for (; at < width && field[at] >= '0' && field[at] <= '7'; at++) *value = *value << 3 | (uint64_t)(field[at] - '0');
    return at == width || field[at] == 0 || field[at] == ' ';
}

/* A time: a number that in base 256 may be negative. */
static bool time_number(const uint8_t *field, size_t width, int64_t *value) {
    uint64_t number = UINT64_MAX;
    if (field[0] != 0xff) {
        if (!tar_number(field, width, &number)) return false;
        *value = (int64_t)number;
        return number <= INT64_MAX;
    }
    for (size_t at = 1; at < width; at++) {
        if (number >> 55 != 0x1ff) return false;
        number = number << 8 | field[at];
    }
    *value = (int64_t)number;
    return *value < 0;
}

static bool checksum_fits(const uint8_t header[TAR_BLOCK]) {
    uint64_t expected;
    uint32_t plain = 0;
    int32_t signed_sum = 0; /* what some old programs computed */
    if (!tar_number(header + 148, 8, &expected)) return false;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        uint8_t byte = i >= 148 && i < 156 ? ' ' : header[i];
        plain += byte;
        signed_sum += (int8_t)byte;
    }
    return expected == plain || (signed_sum >= 0 && expected == (uint64_t)signed_sum);
}

static bool all_zero(const uint8_t header[TAR_BLOCK]) {
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        if (header[i] != 0) return false;
    }
    return true;
}

/* The body of a GNU long name or long link. */
static const char *long_text(struct tar_reader *reader, uint64_t size) {
    if (size > TAR_NAME_LIMIT + 1) return tar_bad(reader, "a name in the archive is longer than %d bytes", TAR_NAME_LIMIT), NULL;
    uint8_t text[TAR_NAME_LIMIT + 1];
    if (!tar_fill(reader, text, (size_t)size) || !skip(reader, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK)) return NULL;
    const char *copy = arena_text(&reader->arena, text, strnlen((const char *)text, (size_t)size));
    if (copy == NULL) tar_bad(reader, "no memory for a name");
    return copy;
}

static const char *header_name(struct tar_reader *reader, const uint8_t header[TAR_BLOCK]) {
    char name[256];
    size_t length = 0;
    if (memcmp(header + 257, "ustar\0", 6) == 0 && header[345] != 0) {
        length = strnlen((const char *)header + 345, 155);
        memcpy(name, header + 345, length);
        name[length++] = '/';
    }
    size_t rest = strnlen((const char *)header, 100);
    memcpy(name + length, header, rest);
    return arena_text(&reader->arena, name, length + rest);
}

static bool set_type(struct tar_reader *reader, uint8_t flag) {
    struct tar_entry *entry = &reader->entry;
    size_t length = strlen(entry->name);
    switch (flag) {
    case 0: /* in old archives a directory is a file whose name ends so */
        entry->type = entry->name[length - 1] == '/' ? TAR_DIRECTORY : TAR_FILE;
        return true;
    case '7':
    case 'S': entry->type = TAR_FILE; return true;
    case 'D': entry->type = TAR_DIRECTORY; return true;
    default:
        if (flag < '0' || flag > '6') return tar_bad(reader, "%.300s has the unknown type 0x%02x", entry->name, flag);
        entry->type = (enum tar_type)flag;
        return true;
    }
}

static bool set_numbers(struct tar_reader *reader, const uint8_t header[TAR_BLOCK]) {
    struct tar_entry *entry = &reader->entry;
    uint64_t mode, major, minor;
    if (!tar_number(header + 100, 8, &mode) || !tar_number(header + 108, 8, &entry->uid) || !tar_number(header + 116, 8, &entry->gid) ||
        !time_number(header + 136, 12, &entry->seconds) || !tar_number(header + 329, 8, &major) || !tar_number(header + 337, 8, &minor)) {
        return tar_bad(reader, "%.300s has a number that is none", entry->name);
    }
    entry->mode = (uint32_t)mode & 07777;
    entry->major = (uint32_t)major;
    entry->minor = (uint32_t)minor;
    return true;
}

static void apply(struct tar_entry *entry, const struct tar_overrides *overrides) {
    if (overrides->name != NULL) entry->name = overrides->name;
    if (overrides->sparse_name != NULL) entry->name = overrides->sparse_name;
    if (overrides->link != NULL) entry->link = overrides->link;
    if (overrides->has_uid) entry->uid = overrides->uid;
    if (overrides->has_gid) entry->gid = overrides->gid;
    if (overrides->has_time) {
        entry->seconds = overrides->seconds;
        entry->nanos = overrides->nanos;
    }
    if (overrides->xattr_count > 0) {
        memcpy(entry->xattrs, overrides->xattrs, overrides->xattr_count * sizeof *entry->xattrs);
        entry->xattr_count = overrides->xattr_count;
    }
}

/* Finds out how the stored bytes make up the file. */
static bool set_data(struct tar_reader *reader, const uint8_t header[TAR_BLOCK]) {
    struct tar_entry *entry = &reader->entry;
    const struct tar_overrides *next = &reader->next;
    /* Links have a size in some archives, but no data; what else has data is skipped. */
    if (entry->type == TAR_HARD_LINK || entry->type == TAR_SYMLINK) reader->stored = 0;
    reader->padding = (unsigned)((TAR_BLOCK - reader->stored % TAR_BLOCK) % TAR_BLOCK);
    if (entry->type != TAR_FILE) return true;
    entry->size = next->has_real_size ? next->real_size : reader->stored;
    if (header[156] == 'S') {
        if (!tar_sparse_header(reader, header)) return false;
    } else if (next->sparse_map_in_data) {
        if (!tar_sparse_data_map(reader)) return false;
    } else if (!next->sparse) {
        return reader->stored == 0 || tar_add_extent(reader, 0, reader->stored);
    }
    uint64_t end = 0, sum = 0;
    for (size_t i = 0; i < reader->extent_count; i++) {
        const struct tar_extent *extent = &reader->extents[i];
        if (extent->offset < end || extent->offset > entry->size || extent->length > entry->size - extent->offset) {
            return tar_bad(reader, "the sparse map of %.300s is wrong", entry->name);
        }
        end = extent->offset + extent->length;
        sum += extent->length;
    }
    return sum == reader->stored || tar_bad(reader, "the sparse map of %.300s does not fit its data", entry->name);
}

static bool build_entry(struct tar_reader *reader, const uint8_t header[TAR_BLOCK], uint64_t size, const char *name, const char *link) {
    struct tar_entry *entry = &reader->entry;
    entry->name = name != NULL ? name : header_name(reader, header);
    entry->link = link != NULL ? link : arena_text(&reader->arena, header + 157, strnlen((const char *)header + 157, 100));
    if (entry->name == NULL || entry->link == NULL) return entry->name = NULL, tar_bad(reader, "no memory for an entry");
    if (!set_numbers(reader, header)) return false;
    apply(entry, &reader->global);
    apply(entry, &reader->next);
    if (*entry->name == 0) return tar_bad(reader, "the archive has an entry without a name");
    if (strlen(entry->name) > TAR_NAME_LIMIT || strlen(entry->link) > TAR_NAME_LIMIT) {
        return tar_bad(reader, "a name in the archive is longer than %d bytes: %.100s…", TAR_NAME_LIMIT, entry->name);
    }
    reader->stored = reader->next.has_size ? reader->next.size : size;
    if (reader->stored > INT64_MAX) return tar_bad(reader, "%.300s is larger than a file can be", entry->name);
    return set_type(reader, header[156]) && set_data(reader, header);
}

static bool finish_last(struct tar_reader *reader) {
    if (!skip(reader, reader->stored) || !skip(reader, reader->padding)) return false;
    arena_free(&reader->arena);
    reader->arena = (struct arena){0};
    memset(&reader->next, 0, sizeof reader->next);
    memset(&reader->entry, 0, sizeof reader->entry);
    reader->stored = reader->extent_done = 0;
    reader->padding = 0;
    reader->extents = NULL;
    reader->extent_count = reader->extent = 0;
    return true;
}

/* Reads a header that only says something about the entry after it. -1: bad; 0: it was none; 1: done. */
static int read_prefix(struct tar_reader *reader, const uint8_t header[TAR_BLOCK], uint64_t size, const char **name, const char **link) {
    switch (header[156]) {
    case 'L': return (*name = long_text(reader, size)) != NULL ? 1 : -1;
    case 'K': return (*link = long_text(reader, size)) != NULL ? 1 : -1;
    case 'x':
    case 'X': return tar_pax(reader, &reader->next, &reader->arena, size) ? 1 : -1;
    case 'g': return tar_pax(reader, &reader->global, &reader->globals, size) ? 1 : -1;
    case 'V': /* a volume's label */
    case 'A': /* Solaris' access control lists */
        return skip(reader, (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK) ? 1 : -1;
    default: return 0;
    }
}

static bool check_header(struct tar_reader *reader, const uint8_t header[TAR_BLOCK], uint64_t *size) {
    if (!checksum_fits(header)) return tar_bad(reader, "a header has a wrong checksum: this is no tar archive, or a damaged one");
    return (tar_number(header + 124, 12, size) && *size <= INT64_MAX) || tar_bad(reader, "an entry has a size that is no number");
}

int tar_next(struct tar_reader *reader) {
    uint8_t header[TAR_BLOCK];
    const char *name = NULL, *link = NULL;
    uint64_t size;
    enum { PREFIXES = 64 };
    if (!finish_last(reader)) return BAD;
    for (int prefix = 0; prefix < PREFIXES; prefix++) {
        if (!tar_fill(reader, header, sizeof header)) return BAD;
        if (all_zero(header)) {
            if (prefix > 0) tar_bad(reader, "the archive ends after a header that belongs to an entry");
            return prefix > 0 ? BAD : 0;
        }
        if (!check_header(reader, header, &size)) return BAD;
        int result = read_prefix(reader, header, size, &name, &link);
        if (result < 0) return BAD;
        if (result == 0) return build_entry(reader, header, size, name, link) ? 1 : BAD;
    }
    tar_bad(reader, "more than %d headers belong to one entry", PREFIXES);
    return BAD;
}

ssize_t tar_read(struct tar_reader *reader, void *buffer, size_t size, uint64_t *offset) {
    while (reader->extent < reader->extent_count && reader->extent_done == reader->extents[reader->extent].length) {
        reader->extent++;
        reader->extent_done = 0;
    }
    if (reader->extent == reader->extent_count) return 0;
    const struct tar_extent *extent = &reader->extents[reader->extent];
    uint64_t left = extent->length - reader->extent_done;
    if (size > left) size = (size_t)left;
    *offset = extent->offset + reader->extent_done;
    if (!tar_fill(reader, buffer, size)) return -1;
    reader->extent_done += size;
    reader->stored -= size;
    return (ssize_t)size;
}
