/* Decoding and encoding of messages, and of configurations. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "configuration.h"
#include "exec.h"
#include "ring.h"
#include "sync.h"

static void whatIsWrittenIsRead(void) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_put_u8(&writer, 7);
    wire_put_u16(&writer, 0xABCD);
    wire_put_u32(&writer, 0xDEADBEEF);
    wire_put_u64(&writer, 0x0123456789ABCDEF);
    wire_put_i64(&writer, -5);
    wire_put_text(&writer, "text");
    size_t position = wire_put_count(&writer);
    wire_put_text(&writer, "one");
    wire_put_text(&writer, "");
    wire_set_count(&writer, position, 2);
    check(wire_end(&writer));
    check(wire_load_u32(writer.data) == writer.length - 4);
    struct wire_reader reader = wire_reader(writer.data + WIRE_HEADER, writer.length - WIRE_HEADER);
    struct arena arena = {0};
    check(wire_u8(&reader) == 7);
    check(wire_u16(&reader) == 0xABCD);
    check(wire_u32(&reader) == 0xDEADBEEF);
    check(wire_u64(&reader) == 0x0123456789ABCDEF);
    check(wire_i64(&reader) == -5);
    check(strcmp(wire_text(&reader, &arena, 10), "text") == 0);
    size_t count;
    const char **texts = wire_texts(&reader, &arena, 10, &count);
    check(count == 2 && strcmp(texts[0], "one") == 0 && strcmp(texts[1], "") == 0 && texts[2] == NULL);
    check(wire_finished(&reader));
    arena_free(&arena);
    wire_clear(&writer);
}

static void everyShortenedMessageIsMalformed(void) {
    struct wire_writer writer = {0};
    const char *const argv[] = {"sh", "-c", "exit", NULL};
    uint8_t id[16] = {1};
    put_exec(&writer, id, argv, 1);
    check(wire_end(&writer));
    for (size_t length = 0; length <= writer.length - WIRE_HEADER; length++) {
        struct arena arena = {0};
        struct exec_order order;
        /* An exact copy, so that the sanitizer sees one byte too many. */
        uint8_t *exact = malloc(length + 1);
        memcpy(exact, writer.data + WIRE_HEADER, length);
        exact = realloc(exact, length == 0 ? 1 : length);
        struct wire_reader reader = wire_reader(exact, length);
        check(exec_decode(&reader, &arena, &order) == (length == writer.length - WIRE_HEADER));
        arena_free(&arena);
        free(exact);
    }
    wire_clear(&writer);
}

static void aTextWithNulOrAboveItsLimitIsMalformed(void) {
    struct arena arena = {0};
    uint8_t nul[] = {0, 0, 0, 3, 'a', 0, 'b'};
    struct wire_reader reader = wire_reader(nul, sizeof nul);
    wire_text(&reader, &arena, 10);
    check(reader.bad);
    uint8_t text[] = {0, 0, 0, 3, 'a', 'b', 'c'};
    reader = wire_reader(text, sizeof text);
    wire_text(&reader, &arena, 2);
    check(reader.bad);
    uint8_t huge[] = {0xFF, 0xFF, 0xFF, 0xFF, 'a'};
    reader = wire_reader(huge, sizeof huge);
    wire_text(&reader, &arena, SIZE_MAX);
    check(reader.bad);
    uint8_t list[] = {0xFF, 0xFF, 0, 0, 0, 0};
    reader = wire_reader(list, sizeof list);
    size_t count;
    check(*wire_texts(&reader, &arena, 10, &count) == NULL && count == 0 && reader.bad);
    uint8_t boolean[] = {2};
    reader = wire_reader(boolean, sizeof boolean);
    wire_bool(&reader);
    check(reader.bad);
    arena_free(&arena);
}

static void anErrorAboveEveryLimitIsStillOne(void) {
    struct wire_writer writer = {0};
    char text[10000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    check(wire_error(&writer, CODE_SYSTEM, 2, "%s", text));
    check(writer.length < 4096);
    wire_clear(&writer);
}

static const char *decode(const uint8_t *bytes, size_t length, size_t *warnings) {
    struct configuration configuration;
    const char *wrong = configuration_decode(&configuration, wire_reader(bytes, length));
    if (warnings != NULL) *warnings = configuration.warning_count;
    configuration_free(&configuration);
    return wrong;
}

static void anUnknownSectionIsSkippedAndNamed(void) {
    uint8_t bytes[] = {0, 1, 0x12, 0x34, 0, 0, 0, 2, 'a', 'b'};
    size_t warnings;
    check(decode(bytes, sizeof bytes, &warnings) == NULL);
    check(warnings == 1);
}

static void aMalformedSectionIsNamed(void) {
    uint8_t left_over[] = {0, 1, 0, 5, 0, 0, 0, 2, 1, 1};
    check(strcmp(decode(left_over, sizeof left_over, NULL), "section init is malformed") == 0);
    uint8_t twice[] = {0, 2, 0, 5, 0, 0, 0, 1, 1, 0, 5, 0, 0, 0, 1, 1};
    check(strcmp(decode(twice, sizeof twice, NULL), "section init is there twice") == 0);
    uint8_t name[] = {0, 1, 0, 1, 0, 0, 0, 7, 0, 0, 0, 3, 'a', '\n', 'b'};
    check(strcmp(decode(name, sizeof name, NULL), "section hostname is malformed") == 0);
    uint8_t trailing[] = {0, 0, 1};
    check(decode(trailing, sizeof trailing, NULL) != NULL);
}

static void aRingGrowsAndWrapsAndKeepsItsOrder(void) {
    struct ring ring = {0};
    uint8_t chunk[5000];
    uint64_t written = 0, read = 0;
    unsigned seed = 1;
    while (read < 8 * RING_LIMIT) {
        size_t room = ring_room(&ring, RING_LIMIT);
        seed = seed * 1103515245 + 12345;
        size_t length = seed % sizeof chunk;
        if (length > room) length = room;
        for (size_t i = 0; i < length; i++) chunk[i] = (uint8_t)((written + i) * 31 >> 3);
        check(ring_append(&ring, chunk, length));
        written += length;
        if (room > 0 && seed % 3 != 0) continue;
        const uint8_t *bytes;
        size_t span = ring_span(&ring, read, &bytes);
        for (size_t i = 0; i < span; i++) check(bytes[i] == (uint8_t)((read + i) * 31 >> 3));
        read += span;
        check(ring_acknowledge(&ring, read));
        check(!ring_acknowledge(&ring, read - 1) || span == 0);
        check(!ring_acknowledge(&ring, written + 1));
    }
    ring_clear(&ring);
}

/* Feeds a text byte by byte and whole; both find HELLO at the same place. */
static size_t search_both(const uint8_t *bytes, size_t length) {
    struct sync sync = {0};
    bool found = false;
    size_t whole = sync_search(&sync, bytes, length, &found);
    struct sync slow = {0};
    size_t read = 0;
    bool slow_found = false;
    while (read < length && !slow_found) read += sync_search(&slow, bytes + read, 1, &slow_found);
    check(found == slow_found && (!found || read == whole));
    return found ? whole : 0;
}

static void helloIsFoundBehindItsOwnBeginnings(void) {
    uint8_t bytes[200];
    for (size_t prefix = 0; prefix <= SYNC_MAGIC; prefix++) {
        if (prefix == SYNC_MAGIC) continue; /* a whole MAGIC begins a HELLO: what follows is its nonce */
        memcpy(bytes, sync_magic, prefix);
        memcpy(bytes + prefix, sync_magic, SYNC_MAGIC);
        memset(bytes + prefix + SYNC_MAGIC, 0xBA, 16);
        check(search_both(bytes, prefix + SYNC_HELLO) == prefix + SYNC_HELLO);
        check(search_both(bytes, prefix + SYNC_HELLO - 1) == 0);
    }
    memset(bytes, 0xBA, 50);
    memcpy(bytes + 50, sync_magic + 1, SYNC_MAGIC - 1);
    memset(bytes + 49 + SYNC_MAGIC, 0, 16);
    check(search_both(bytes, 49 + SYNC_HELLO) == 49 + SYNC_HELLO);
}

int main(void) {
    run_test(whatIsWrittenIsRead);
    run_test(everyShortenedMessageIsMalformed);
    run_test(aTextWithNulOrAboveItsLimitIsMalformed);
    run_test(anErrorAboveEveryLimitIsStillOne);
    run_test(anUnknownSectionIsSkippedAndNamed);
    run_test(aMalformedSectionIsNamed);
    run_test(aRingGrowsAndWrapsAndKeepsItsOrder);
    run_test(helloIsFoundBehindItsOwnBeginnings);
    return 0;
}
