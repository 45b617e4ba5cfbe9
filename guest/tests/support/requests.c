#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

static void read_exactly(struct client *client, struct client_stream *stream, void *bytes, size_t length) {
    uint8_t *at = bytes;
    while (length > 0) {
        size_t got = client_read(client, stream, at, length);
        if (got == 0) fail_test("stream %u ended in the middle of a message (%s)", stream->id, stream->reset ? "reset" : "FIN");
        at += got;
        length -= got;
    }
}

struct client_stream *client_request(struct client *client, struct wire_writer *writer) {
    if (!wire_end(writer)) fail_test("the request could not be built");
    struct client_stream *stream = client_open(client);
    client_write(client, stream, writer->data, writer->length);
    wire_clear(writer);
    return stream;
}

struct reply client_reply(struct client *client, struct client_stream *stream) {
    uint8_t header[WIRE_HEADER];
    struct reply reply = {0};
    read_exactly(client, stream, header, sizeof header);
    reply.length = wire_load_u32(header) - 2;
    reply.kind = wire_load_u16(header + 4);
    if (reply.length > WIRE_CONFIGURATION_LIMIT) fail_test("a reply of %zu bytes", reply.length);
    reply.body = malloc(reply.length + 1);
    read_exactly(client, stream, reply.body, reply.length);
    if (reply.kind != WIRE_ERROR) return reply;
    struct wire_reader reader = wire_reader(reply.body, reply.length);
    struct arena arena = {0};
    reply.code = wire_u16(&reader);
    reply.error_number = wire_u32(&reader);
    snprintf(reply.message, sizeof reply.message, "%s", wire_text(&reader, &arena, WIRE_TEXT_LIMIT));
    if (!wire_finished(&reader)) fail_test("a malformed ERROR");
    arena_free(&arena);
    return reply;
}

struct reply client_ask(struct client *client, struct wire_writer *writer) {
    struct client_stream *stream = client_request(client, writer);
    struct reply reply = client_reply(client, stream);
    client_finish(client, stream);
    client_forget(client, stream);
    return reply;
}

void reply_free(struct reply *reply) {
    free(reply->body);
    reply->body = NULL;
}

void random_id(uint8_t id[16]) {
    if (getrandom(id, 16, 0) != 16) fail_test("getrandom");
}

void put_exec(struct wire_writer *writer, const uint8_t id[16], const char *const argv[], uint8_t flags) {
    wire_begin(writer, WIRE_EXEC_START);
    wire_put_bytes(writer, id, 16);
    size_t position = wire_put_count(writer), count = 0;
    for (; argv[count] != NULL; count++) wire_put_text(writer, argv[count]);
    wire_set_count(writer, position, count);
    wire_put_u16(writer, 0);
    wire_put_text(writer, "");
    wire_put_text(writer, "");
    wire_put_u8(writer, flags);
    wire_put_u16(writer, 24);
    wire_put_u16(writer, 80);
}

struct reply exec_begin(struct client *client, const uint8_t id[16], const char *const argv[], uint8_t flags) {
    struct wire_writer writer = {0};
    put_exec(&writer, id, argv, flags);
    return client_ask(client, &writer);
}

struct client_stream *exec_attach(struct client *client, const uint8_t id[16], uint8_t which, uint64_t offset) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_EXEC_OUTPUT);
    wire_put_bytes(&writer, id, 16);
    wire_put_u8(&writer, which);
    wire_put_u64(&writer, offset);
    struct client_stream *stream = client_request(client, &writer);
    struct reply reply = client_reply(client, stream);
    if (reply.kind != WIRE_OK) fail_test("EXEC_OUTPUT %u at %llu: %s", which, (unsigned long long)offset, reply.message);
    if (wire_load_u64(reply.body) != offset) fail_test("EXEC_OUTPUT begins elsewhere");
    reply_free(&reply);
    return stream;
}

struct client_stream *exec_feed(struct client *client, const uint8_t id[16], uint64_t *accepted) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_EXEC_INPUT);
    wire_put_bytes(&writer, id, 16);
    struct client_stream *stream = client_request(client, &writer);
    struct reply reply = client_reply(client, stream);
    if (reply.kind != WIRE_OK) fail_test("EXEC_INPUT: %s", reply.message);
    if (accepted != NULL) *accepted = wire_load_u64(reply.body);
    reply_free(&reply);
    return stream;
}

void exec_acknowledge(struct client *client, struct client_stream *stream, uint64_t offset) {
    uint8_t number[8];
    wire_store_u64(number, offset);
    client_write(client, stream, number, sizeof number);
}

void exec_await(struct client *client, const uint8_t id[16], uint8_t *how, uint32_t *value, uint64_t totals[2]) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_EXEC_WAIT);
    wire_put_bytes(&writer, id, 16);
    struct reply reply = client_ask(client, &writer);
    if (reply.kind != WIRE_OK) fail_test("EXEC_WAIT: %s", reply.message);
    struct wire_reader reader = wire_reader(reply.body, reply.length);
    uint8_t how_ended = wire_u8(&reader);
    uint32_t code = wire_u32(&reader);
    uint64_t first = wire_u64(&reader), second = wire_u64(&reader);
    if (!wire_finished(&reader)) fail_test("EXEC_WAIT: a malformed reply");
    if (how != NULL) *how = how_ended;
    if (value != NULL) *value = code;
    if (totals != NULL) totals[0] = first;
    if (totals != NULL) totals[1] = second;
    reply_free(&reply);
}

void exec_drop(struct client *client, const uint8_t id[16], bool kill_it) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_EXEC_FORGET);
    wire_put_bytes(&writer, id, 16);
    wire_put_u8(&writer, kill_it);
    struct reply reply = client_ask(client, &writer);
    if (reply.kind != WIRE_OK) fail_test("EXEC_FORGET: %s", reply.message);
    reply_free(&reply);
}

char *exec_run(struct client *client, const char *const argv[], uint32_t *code, size_t *length) {
    uint8_t id[16];
    random_id(id);
    struct reply reply = exec_begin(client, id, argv, 2);
    if (reply.kind != WIRE_OK) fail_test("EXEC_START %s: %s", argv[0], reply.message);
    reply_free(&reply);
    struct client_stream *output = exec_attach(client, id, 1, 0);
    char *text = client_read_all(client, output, length);
    client_finish(client, output);
    client_forget(client, output);
    exec_await(client, id, NULL, code, NULL);
    exec_drop(client, id, false);
    return text;
}

static struct agent started;

/* Also after a failure. */
static void remove_left(void) {
    unlink(started.socket);
    rmdir(started.directory);
}

void agent_start(struct agent *agent, const char *option) {
    const char *program = getenv("AGENT");
    if (program == NULL) fail_test("AGENT does not name the agent");
    strcpy(agent->directory, "/tmp/banger-test-XXXXXX");
    if (mkdtemp(agent->directory) == NULL) fail_test("mkdtemp");
    snprintf(agent->socket, sizeof agent->socket, "%s/agent", agent->directory);
    agent->pid = fork();
    if (agent->pid != 0) {
        started = *agent;
        atexit(remove_left);
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(program, program, "--serve", agent->socket, option, NULL);
    _exit(127);
}

void agent_stop(struct agent *agent) {
    int status;
    if (waitpid(agent->pid, &status, WNOHANG) != 0) fail_test("the agent ended by itself (status %d)", status);
    kill(agent->pid, SIGTERM);
    waitpid(agent->pid, &status, 0);
    /* The sanitizer's judgement of leaks is in its exit status. */
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail_test("the agent did not end well (status %d)", status);
}

void configure_empty(struct client *client) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_CONFIGURE);
    wire_put_u16(&writer, 0);
    struct reply reply = client_ask(client, &writer);
    if (reply.kind != WIRE_OK) fail_test("CONFIGURE: %s", reply.message);
    reply_free(&reply);
}
