/* Whatever the bytes are, the tar reader ends, stays within its limits and gives consistent entries. */
#include <stdlib.h>
#include <string.h>

#include "tar_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    size_t left;
};

static ssize_t read_input(void *context, void *buffer, size_t size) {
    struct input *input = context;
    if (size > input->left) size = input->left;
    if (size > 0) memcpy(buffer, input->at, size);
    input->at += size;
    input->left -= size;
    return (ssize_t)size;
}

/* Fuzzers do not find checksums: this makes every block that looks like a header one. */
static void mend_checksums(uint8_t *bytes, size_t size) {
    for (size_t block = 0; block + TAR_BLOCK <= size; block += TAR_BLOCK) {
        uint8_t *header = bytes + block;
        unsigned sum = 0;
        if (memcmp(header + 257, "ustar", 5) != 0) continue;
        memset(header + 148, ' ', 8);
        for (size_t i = 0; i < TAR_BLOCK; i++) sum += header[i];
        for (int digit = 5; digit >= 0; digit--, sum >>= 3) header[148 + digit] = (uint8_t)('0' + (sum & 7));
        header[154] = 0;
    }
}

static void check(bool holds) {
    if (!holds) abort();
}

static void read_entry(struct tar_reader *reader) {
    const struct tar_entry *entry = &reader->entry;
    uint8_t chunk[1000];
    uint64_t offset, end = 0;
    ssize_t length;
    check(entry->name != NULL && *entry->name != 0 && strlen(entry->name) <= TAR_NAME_LIMIT);
    check(entry->link != NULL && strlen(entry->link) <= TAR_NAME_LIMIT && entry->nanos < 1000000000);
    for (size_t i = 0; i < entry->xattr_count; i++) check(entry->xattrs[i].name != NULL && entry->xattrs[i].length <= TAR_PAX_LIMIT);
    if (entry->type != TAR_FILE) return;
    while ((length = tar_read(reader, chunk, sizeof chunk, &offset)) > 0) {
        check(offset >= end && offset + (uint64_t)length <= entry->size);
        end = offset + (uint64_t)length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct tar_reader reader;
    uint8_t *copy = malloc(size + 1);
    memcpy(copy, data, size);
    mend_checksums(copy, size);
    struct input input = {copy, size};
    tar_reader_init(&reader, read_input, &input);
    while (tar_next(&reader) > 0) read_entry(&reader);
    check(reader.error[0] != 0 || input.left < size);
    tar_reader_free(&reader);
    free(copy);
    return 0;
}
