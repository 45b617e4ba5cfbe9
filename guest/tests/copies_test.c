/* Services over the channel: what they answer reaches the host, whatever it is doing at that moment. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "tar_writer.h"

enum { CONTENT = 8 << 20, SESSIONS = 32 };

static struct agent agent;
static struct client client;

static void path_of(char path[128], const char *name) { snprintf(path, 128, "%s/%s", agent.directory, name); }

static struct client_stream *begin_copy(uint16_t kind, const char *path, uint8_t flags) {
    struct wire_writer writer = {0};
    wire_begin(&writer, kind);
    wire_put_text(&writer, path);
    wire_put_text(&writer, "");
    wire_put_u8(&writer, flags);
    return client_request(&client, &writer);
}

/* The next message of a reply that was read whole. */
static uint16_t next_message(struct wire_reader *reader, struct wire_reader *body) {
    uint32_t length = wire_u32(reader);
    uint16_t kind = wire_u16(reader);
    check(!reader->bad && length >= 2 && length - 2 <= reader->left);
    *body = wire_reader(reader->at, length - 2);
    reader->at += length - 2;
    reader->left -= length - 2;
    return kind;
}

/* The archive of a path, malloc'ed; its counts as the agent says them. */
static uint8_t *copy_out(const char *path, uint8_t flags, size_t *length, uint64_t counts[2]) {
    size_t whole;
    struct client_stream *stream = begin_copy(WIRE_COPY_OUT, path, flags);
    char *replies = client_read_all(&client, stream, &whole);
    struct wire_reader reader = wire_reader(replies, whole), body;
    uint8_t *archive = malloc(whole);
    uint16_t kind;
    *length = 0;
    check(next_message(&reader, &body) == WIRE_OK);
    while ((kind = next_message(&reader, &body)) == WIRE_DATA) {
        check(body.left <= WIRE_DATA_LIMIT);
        memcpy(archive + *length, body.at, body.left);
        *length += body.left;
    }
    check(kind == WIRE_OK);
    for (int i = 0; i < 2; i++) counts[i] = wire_u64(&body);
    check(wire_finished(&body) && reader.left == 0);
    free(replies);
    client_finish(&client, stream);
    client_forget(&client, stream);
    return archive;
}

/* Sends all of the archive, then reads: the kind of the last reply. */
static struct reply copy_in(const char *directory, const void *archive, size_t length) {
    struct client_stream *stream = begin_copy(WIRE_COPY_IN, directory, 1);
    struct reply reply = client_reply(&client, stream);
    check(reply.kind == WIRE_OK);
    reply_free(&reply);
    client_write(&client, stream, archive, length);
    client_finish(&client, stream);
    reply = client_reply(&client, stream);
    client_forget(&client, stream);
    return reply;
}

static void fill(uint8_t *content) {
    for (size_t i = 0; i < CONTENT; i++) content[i] = (uint8_t)(i * 2654435761u >> 13);
}

static void aTreeGoesOutAndInAgain(void) {
    char source[128], target[128], name[300];
    uint8_t *content = malloc(CONTENT), *back = malloc(CONTENT);
    uint64_t out[2];
    size_t length;
    client_connect(&client, agent.socket);
    path_of(source, "source");
    path_of(target, "target");
    check(mkdir(source, 0700) == 0);
    snprintf(name, sizeof name, "%s/large", source);
    int file = open(name, O_RDWR | O_CREAT, 0600);
    fill(content);
    check(wire_write_all(file, content, CONTENT) && close(file) == 0);
    uint8_t *archive = copy_out(source, 0, &length, out);
    check(out[0] == 2 && out[1] == CONTENT);
    struct reply reply = copy_in(target, archive, length);
    check(reply.kind == WIRE_OK && reply.length == 16 && wire_load_u64(reply.body) == 2 && wire_load_u64(reply.body + 8) == CONTENT);
    reply_free(&reply);
    snprintf(name, sizeof name, "%s/source/large", target);
    file = open(name, O_RDONLY);
    check(wire_read_all(file, back, CONTENT) && memcmp(content, back, CONTENT) == 0);
    close(file);
    free(archive);
    free(content);
    free(back);
    client_close(&client);
}

/* Data at the beginning, in the middle and at the very end, each not a whole block; or none at all. */
static void write_with_holes(const char *name, size_t size, bool data) {
    int file = open(name, O_WRONLY | O_CREAT, 0640);
    check(ftruncate(file, (off_t)size) == 0);
    if (data) check(pwrite(file, "first", 5, 0) == 5 && pwrite(file, "middle", 6, 3000001) == 6 && pwrite(file, "last", 4, (off_t)size - 4) == 4);
    check(close(file) == 0);
}

static void holesGoOutAsHoles(void) {
    static const char *const files[] = {"holes", "hollow"};
    char source[128], target[128], names[2][300];
    uint64_t out[2];
    size_t length;
    client_connect(&client, agent.socket);
    path_of(source, "sparse");
    path_of(target, "sparse-target");
    check(mkdir(source, 0700) == 0);
    for (int i = 0; i < 2; i++) {
        snprintf(names[0], sizeof names[0], "%s/%s", source, files[i]);
        write_with_holes(names[0], CONTENT + 123, i == 0);
    }
    uint8_t *archive = copy_out(source, 2, &length, out);
    check(out[0] == 3 && out[1] < 65536 && length < 65536);
    struct reply reply = copy_in(target, archive, length);
    check(reply.kind == WIRE_OK);
    reply_free(&reply);
    for (int i = 0; i < 2; i++) {
        uint8_t *content[2];
        struct stat status;
        for (int j = 0; j < 2; j++) {
            snprintf(names[j], sizeof names[j], "%s/%s%s", j == 0 ? source : target, j == 0 ? "" : "sparse/", files[i]);
            int file = open(names[j], O_RDONLY);
            content[j] = malloc(CONTENT + 123);
            check(fstat(file, &status) == 0 && status.st_size == CONTENT + 123 && status.st_blocks < 256);
            check(wire_read_all(file, content[j], CONTENT + 123) && close(file) == 0);
            check(unlink(names[j]) == 0);
        }
        check(memcmp(content[0], content[1], CONTENT + 123) == 0);
        free(content[0]);
        free(content[1]);
    }
    free(archive);
    client_close(&client);
}

struct text {
    uint8_t *bytes;
    size_t length;
};

static bool append(void *context, const void *bytes, size_t size) {
    struct text *text = context;
    memcpy(text->bytes + text->length, bytes, size);
    text->length += size;
    return true;
}

static void anErrorReachesAHostThatIsStillSending(void) {
    char target[128];
    struct text archive = {.bytes = calloc(1, CONTENT + 4096)};
    struct tar_writer writer = {.write = append, .context = &archive};
    const struct tar_entry evil = {.type = TAR_FILE, .name = "../evil", .link = "", .mode = 0600, .size = CONTENT};
    client_connect(&client, agent.socket);
    path_of(target, "target");
    check(tar_write_entry(&writer, &evil));
    struct reply reply = copy_in(target, archive.bytes, CONTENT + 4096);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_MALFORMED && strstr(reply.message, "../evil") != NULL);
    reply_free(&reply);
    path_of(target, "evil");
    check(access(target, F_OK) != 0);
    free(archive.bytes);
    client_close(&client);
}

static void manySftpSessionsAreServedAtOnce(void) {
    static const uint8_t greeting[] = {0, 0, 0, 5, 1, 0, 0, 0, 3};
    struct client_stream *streams[SESSIONS];
    client_connect(&client, agent.socket);
    for (int i = 0; i < SESSIONS; i++) {
        struct wire_writer writer = {0};
        wire_begin(&writer, WIRE_SFTP);
        wire_put_text(&writer, "");
        streams[i] = client_request(&client, &writer);
    }
    for (int i = 0; i < SESSIONS; i++) {
        struct reply reply = client_reply(&client, streams[i]);
        check(reply.kind == WIRE_OK);
        reply_free(&reply);
        client_write(&client, streams[i], greeting, sizeof greeting);
    }
    for (int i = 0; i < SESSIONS; i++) {
        uint8_t header[9];
        size_t got = 0;
        while (got < sizeof header) got += client_read(&client, streams[i], header + got, sizeof header - got);
        check(header[4] == 2 && wire_load_u32(header + 5) == 3);
        client_finish(&client, streams[i]);
        size_t rest;
        free(client_read_all(&client, streams[i], &rest));
        client_forget(&client, streams[i]);
    }
    client_close(&client);
}

static void aResetStreamLeavesTheSessionAlone(void) {
    char target[128];
    uint64_t counts[2];
    size_t length;
    client_connect(&client, agent.socket);
    path_of(target, "target");
    struct client_stream *stream = begin_copy(WIRE_COPY_OUT, target, 0);
    client_reset(&client, stream);
    client_forget(&client, stream);
    stream = begin_copy(WIRE_COPY_IN, target, 0);
    client_reset(&client, stream);
    client_forget(&client, stream);
    free(copy_out(target, 0, &length, counts));
    check(counts[1] == CONTENT);
    client_close(&client);
}

/* The agent takes only what is its own with it. */
static void remove_trees(void) {
    static const char *const names[] = {"source/large", "source", "target/source/large", "target/source", "target",
                                        "sparse", "sparse-target/sparse", "sparse-target", ""};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        path_of(path, names[i]);
        remove(path);
    }
}

int main(void) {
    agent_start(&agent, NULL);
    client_connect(&client, agent.socket);
    configure_empty(&client);
    client_close(&client);
    run_test(aTreeGoesOutAndInAgain);
    run_test(holesGoOutAsHoles);
    run_test(anErrorReachesAHostThatIsStillSending);
    run_test(manySftpSessionsAreServedAtOnce);
    run_test(aResetStreamLeavesTheSessionAlone);
    agent_stop(&agent);
    remove_trees();
    return 0;
}
