/* The pax records of a tar stream, and the maps of sparse files in their five dialects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tar_reader.h"

enum { EXTENTS_AT_FIRST = 64 };

bool tar_add_extent(struct tar_reader *reader, uint64_t offset, uint64_t length) {
    size_t count = reader->extent_count;
    if (count == TAR_EXTENT_LIMIT) return tar_bad(reader, "a sparse file has more than %d pieces", TAR_EXTENT_LIMIT);
    if ((count & (count - 1)) == 0 && (count == 0 || count >= EXTENTS_AT_FIRST)) { /* full: a power of two */
        struct tar_extent *more = arena_array(&reader->arena, count == 0 ? EXTENTS_AT_FIRST : count * 2, sizeof *more);
        if (more == NULL) return tar_bad(reader, "no memory for the map of a sparse file");
        if (count > 0) memcpy(more, reader->extents, count * sizeof *more);
        reader->extents = more;
    }
    reader->extents[reader->extent_count++] = (struct tar_extent){offset, length};
    return true;
}

/* The pairs of offset and length in a header of GNU's old format; an empty one ends them. */
static bool add_pairs(struct tar_reader *reader, const uint8_t *pairs, size_t count) {
    for (size_t i = 0; i < count; i++, pairs += 24) {
        uint64_t offset, length;
        if (pairs[0] == 0 && pairs[12] == 0) return true;
        if (!tar_number(pairs, 12, &offset) || !tar_number(pairs + 12, 12, &length)) {
            return tar_bad(reader, "the sparse map of %.300s has a number that is none", reader->entry.name);
        }
        if (!tar_add_extent(reader, offset, length)) return false;
    }
    return true;
}

bool tar_sparse_header(struct tar_reader *reader, const uint8_t header[TAR_BLOCK]) {
    uint8_t extension[TAR_BLOCK];
    bool extended = header[482] != 0;
    if (!tar_number(header + 483, 12, &reader->entry.size) || reader->entry.size > INT64_MAX) {
        return tar_bad(reader, "%.300s has a size that is no number", reader->entry.name);
    }
    if (!add_pairs(reader, header + 386, 4)) return false;
    while (extended) {
        if (!tar_fill(reader, extension, sizeof extension) || !add_pairs(reader, extension, 21)) return false;
        extended = extension[504] != 0;
        if (extended && reader->extent_count < 4) return tar_bad(reader, "the sparse map of %.300s is wrong", reader->entry.name);
    }
    return true;
}

/* A decimal number that ends at the end of the text or at one of the marks; moves text to the mark. */
static bool decimal(const char **text, const char *marks, uint64_t *value) {
    const char *at = *text;
    *value = 0;
    if (*at < '0' || *at > '9') return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (*value > (UINT64_MAX >> 1) / 10 - 1) return false;
        *value = *value * 10 + (uint64_t)(*at - '0');
    }
    *text = at;
    return *at == 0 || strchr(marks, *at) != NULL;
}

/* Reads numbers, a line each, from the blocks before a file's data (pax sparse format 1.0). */
struct map_lines {
    struct tar_reader *reader;
    uint8_t block[TAR_BLOCK];
    size_t at;
};

static bool next_line(struct map_lines *lines, uint64_t *value) {
    struct tar_reader *reader = lines->reader;
    char text[24];
    for (size_t length = 0; length < sizeof text; length++) {
        if (lines->at == TAR_BLOCK) {
            if (reader->stored < TAR_BLOCK) break;
            if (!tar_fill(reader, lines->block, TAR_BLOCK)) return false;
            reader->stored -= TAR_BLOCK;
            lines->at = 0;
        }
        text[length] = (char)lines->block[lines->at++];
        if (text[length] == '\n') {
            const char *start = text;
            text[length] = 0;
            if (decimal(&start, "", value)) return true;
            break;
        }
    }
    return tar_bad(reader, "the sparse map of %.300s has a number that is none", reader->entry.name);
}

bool tar_sparse_data_map(struct tar_reader *reader) {
    struct map_lines lines = {.reader = reader, .at = TAR_BLOCK};
    uint64_t count, offset, length;
    if (!next_line(&lines, &count)) return false;
    if (count > TAR_EXTENT_LIMIT) return tar_bad(reader, "a sparse file has more than %d pieces", TAR_EXTENT_LIMIT);
    for (uint64_t i = 0; i < count; i++) {
        if (!next_line(&lines, &offset) || !next_line(&lines, &length) || !tar_add_extent(reader, offset, length)) return false;
    }
    return true;
}

/* `offset,length,offset,length...` (pax sparse format 0.1). */
static bool add_map(struct tar_reader *reader, const char *value) {
    uint64_t offset, length;
    reader->extent_count = 0;
    while (*value != 0) {
        if (!decimal(&value, ",", &offset) || *value++ != ',' || !decimal(&value, ",", &length)) {
            return tar_bad(reader, "a sparse map in a pax header is wrong");
        }
        if (*value == ',') value++;
        if (!tar_add_extent(reader, offset, length)) return false;
    }
    return true;
}

/* Seconds with up to nine digits after the point, perhaps negative. */
static bool parse_time(const char *value, struct tar_overrides *overrides) {
    bool negative = *value == '-';
    uint64_t whole;
    uint32_t nanos = 0, unit = 100000000;
    value += negative;
    if (!decimal(&value, ".", &whole) || whole > INT64_MAX / 4) return false;
    if (*value == '.') value++;
    for (; *value >= '0' && *value <= '9'; value++, unit /= 10) nanos += (uint32_t)(*value - '0') * unit;
    if (*value != 0) return false;
    overrides->seconds = negative ? -(int64_t)whole : (int64_t)whole;
    if (negative && nanos > 0) {
        overrides->seconds--;
        nanos = 1000000000 - nanos;
    }
    overrides->nanos = nanos;
    overrides->has_time = true;
    return true;
}

static bool number(const char *value, uint64_t *out, bool *has) {
    *has = decimal(&value, "", out) && *value == 0;
    return *has;
}

/* GNU.sparse.*: formats 0.0 (offset and numbytes again and again), 0.1 (map) and 1.0 (major 1: the map is in the data). */
static bool sparse_record(struct tar_reader *reader, struct tar_overrides *overrides, const char *key, const char *value) {
    uint64_t parsed = 0;
    bool ignored, good = true;
    if (overrides != &reader->next) return true;
    overrides->sparse = true;
    if (strcmp(key, "name") == 0) {
        overrides->sparse_name = value;
    } else if (strcmp(key, "map") == 0) {
        return add_map(reader, value);
    } else if (strcmp(key, "size") == 0 || strcmp(key, "realsize") == 0) {
        good = number(value, &overrides->real_size, &overrides->has_real_size);
    } else if (strcmp(key, "major") == 0) {
        overrides->sparse_map_in_data = strcmp(value, "1") == 0;
    } else if (strcmp(key, "offset") == 0) {
        good = number(value, &parsed, &ignored);
        return good ? tar_add_extent(reader, parsed, 0) : tar_bad(reader, "a sparse map in a pax header is wrong");
    } else if (strcmp(key, "numbytes") == 0) {
        good = number(value, &parsed, &ignored) && reader->extent_count > 0;
        if (good) reader->extents[reader->extent_count - 1].length = parsed;
    }
    return good || tar_bad(reader, "a pax header has a wrong GNU.sparse.%.32s", key);
}

static bool xattr_record(struct tar_reader *reader, struct tar_overrides *overrides, const char *name, const char *value, size_t length) {
    if (overrides->xattr_count == TAR_XATTR_LIMIT) return tar_bad(reader, "an entry has more than %d extended attributes", TAR_XATTR_LIMIT);
    overrides->xattrs[overrides->xattr_count++] = (struct tar_xattr){name, (const uint8_t *)value, length};
    return true;
}

static bool has_prefix(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

static bool record(struct tar_reader *reader, struct tar_overrides *overrides, const char *key, const char *value, size_t length) {
    bool good = true;
    if (has_prefix(key, "SCHILY.xattr.")) return xattr_record(reader, overrides, key + strlen("SCHILY.xattr."), value, length);
    if (strlen(value) != length) return tar_bad(reader, "a pax header has a NUL in its %.64s", key);
    if (has_prefix(key, "GNU.sparse.")) return sparse_record(reader, overrides, key + strlen("GNU.sparse."), value);
    if (strcmp(key, "path") == 0) {
        overrides->name = value;
    } else if (strcmp(key, "linkpath") == 0) {
        overrides->link = value;
    } else if (strcmp(key, "size") == 0) {
        good = number(value, &overrides->size, &overrides->has_size);
    } else if (strcmp(key, "uid") == 0) {
        good = number(value, &overrides->uid, &overrides->has_uid);
    } else if (strcmp(key, "gid") == 0) {
        good = number(value, &overrides->gid, &overrides->has_gid);
    } else if (strcmp(key, "mtime") == 0) {
        good = parse_time(value, overrides);
    }
    return good || tar_bad(reader, "a pax header has a wrong %.64s: %.64s", key, value);
}

/* `LENGTH KEY=VALUE\n`, the length counting all of it; a NUL is put after key and value. */
static bool records(struct tar_reader *reader, struct tar_overrides *overrides, char *text, size_t size) {
    while (size > 0) {
        const char *at = text;
        uint64_t length;
        if (!decimal(&at, " ", &length) || *at != ' ' || length > size || length < (uint64_t)(at - text) + 3 || text[length - 1] != '\n') {
            return tar_bad(reader, "a pax header is damaged");
        }
        char *key = text + (at - text) + 1, *end = text + length - 1;
        char *equals = memchr(key, '=', (size_t)(end - key));
        if (equals == NULL || equals == key || memchr(key, 0, (size_t)(equals - key)) != NULL) {
            return tar_bad(reader, "a pax header is damaged");
        }
        *equals = 0;
        *end = 0;
        if (!record(reader, overrides, key, equals + 1, (size_t)(end - equals - 1))) return false;
        text += length;
        size -= (size_t)length;
    }
    return true;
}

bool tar_pax(struct tar_reader *reader, struct tar_overrides *overrides, struct arena *arena, uint64_t size) {
    if (size > TAR_PAX_LIMIT || arena->used > 4 * (size_t)TAR_PAX_LIMIT) {
        return tar_bad(reader, "a pax header is larger than %d bytes", TAR_PAX_LIMIT);
    }
    size_t whole = (size_t)(size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    char *text = arena_array(arena, whole + 1, 1);
    if (text == NULL) return tar_bad(reader, "no memory for a pax header");
    return tar_fill(reader, text, whole) && (text[size] = 0, true) && records(reader, overrides, text, (size_t)size);
}
