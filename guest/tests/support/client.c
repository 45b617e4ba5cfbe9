#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sync.h"
#include "yamux.h"

enum { LIMIT = 30000, HALF = YAMUX_WINDOW / 2 };

static int limit_milliseconds(void) {
    const char *scale = getenv("TEST_TIME_SCALE");
    return LIMIT * (scale == NULL ? 1 : atoi(scale));
}

void fail_test(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "FAILED: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

uint64_t now_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int client_dial(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) fail_test("socket path too long: %s", path);
    strcpy(address.sun_path, path);
    uint64_t end = now_milliseconds() + 10000;
    for (;;) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
        int error = errno;
        close(fd);
        if (now_milliseconds() > end) fail_test("cannot connect to %s: %s", path, strerror(error));
        poll(NULL, 0, 5);
    }
}

/* Reads until HELLO's answer or the limit. */
static bool read_answer(int fd, const uint8_t hello[SYNC_HELLO], struct sync *sync, int milliseconds) {
    uint64_t end = now_milliseconds() + (uint64_t)milliseconds;
    for (;;) {
        uint64_t now = now_milliseconds();
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (now >= end || poll(&ready, 1, (int)(end - now)) <= 0) return false;
        uint8_t byte;
        if (read(fd, &byte, 1) != 1) return false;
        bool found;
        sync_search(sync, &byte, 1, &found);
        if (found && memcmp(sync->hello, hello, SYNC_HELLO) == 0) return true;
        if (found) sync_reset(sync);
    }
}

void client_hello(struct client *client, int fd, bool insistent) {
    memset(client, 0, sizeof *client);
    client->fd = fd;
    client->next_id = 1;
    uint8_t hello[SYNC_HELLO];
    memcpy(hello, sync_magic, SYNC_MAGIC);
    if (getrandom(hello + SYNC_MAGIC, SYNC_HELLO - SYNC_MAGIC, 0) != SYNC_HELLO - SYNC_MAGIC) fail_test("getrandom");
    static uint8_t filler[65548];
    memset(filler, 0xFF, sizeof filler);
    struct sync sync = {0};
    int pause = 200;
    if (!wire_write_all(fd, hello, sizeof hello)) fail_test("cannot send HELLO: %s", strerror(errno));
    while (!read_answer(fd, hello, &sync, insistent ? pause : limit_milliseconds())) {
        if (!insistent || pause > 5000) fail_test("no answer to HELLO");
        if (!wire_write_all(fd, filler, sizeof filler) || !wire_write_all(fd, hello, sizeof hello)) fail_test("cannot send HELLO");
        pause *= 2;
    }
}

void client_connect(struct client *client, const char *path) { client_hello(client, client_dial(path), false); }

void client_close(struct client *client) {
    for (size_t i = 0; i < client->count; i++) buffer_clear(&client->streams[i].received);
    buffer_clear(&client->input);
    if (client->fd >= 0) close(client->fd);
    client->fd = -1;
    client->count = 0;
}

static struct client_stream *new_stream(struct client *client, uint32_t id) {
    struct client_stream *stream = NULL;
    for (size_t i = 0; i < client->count && stream == NULL; i++) {
        if (client->streams[i].id == 0) stream = &client->streams[i];
    }
    if (stream == NULL && client->count == CLIENT_STREAMS) fail_test("too many streams in the test client");
    if (stream == NULL) stream = &client->streams[client->count++];
    *stream = (struct client_stream){.id = id, .window = YAMUX_WINDOW};
    return stream;
}

struct client_stream *client_find(struct client *client, uint32_t id) {
    for (size_t i = 0; i < client->count; i++) {
        if (client->streams[i].id == id) return &client->streams[i];
    }
    return NULL;
}

void client_forget(struct client *client, struct client_stream *stream) {
    (void)client;
    buffer_clear(&stream->received);
    stream->id = 0;
}

static void handle_frame(struct client *client, const uint8_t *header, const uint8_t *data) {
    uint8_t type = header[1];
    uint16_t flags = wire_load_u16(header + 2);
    uint32_t id = wire_load_u32(header + 4), length = wire_load_u32(header + 8);
    if (header[0] != 0 || type > YAMUX_GO_AWAY) fail_test("the agent sent a bad header");
    if (type == YAMUX_PING) client->pongs++;
    if (type == YAMUX_DATA && length > YAMUX_FRAME_LIMIT) fail_test("the agent sent a frame of %u bytes", length);
    if (flags & YAMUX_SYN) client->incoming = new_stream(client, id);
    struct client_stream *stream = client_find(client, id);
    if (type > YAMUX_WINDOW_UPDATE || stream == NULL) return;
    if (type == YAMUX_WINDOW_UPDATE) stream->window += length;
    if (type == YAMUX_DATA) {
        buffer_append(&stream->received, data, length);
        stream->total += length;
        if (stream->received.length > YAMUX_WINDOW) fail_test("the agent sent beyond the window");
    }
    if (flags & YAMUX_FIN) stream->finished = true;
    if (flags & YAMUX_RST) stream->reset = true;
}

static bool digest(struct client *client) {
    bool any = false;
    for (;;) {
        const uint8_t *bytes = buffer_bytes(&client->input);
        if (client->input.length < YAMUX_HEADER) return any;
        uint32_t length = bytes[1] == YAMUX_DATA ? wire_load_u32(bytes + 8) : 0;
        if (client->input.length < YAMUX_HEADER + length) return any;
        handle_frame(client, bytes, bytes + YAMUX_HEADER);
        buffer_consume(&client->input, YAMUX_HEADER + length);
        any = true;
    }
}

static bool receive(struct client *client) {
    uint8_t chunk[65536];
    ssize_t got = recv(client->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
        client->lost = true;
        return false;
    }
    buffer_append(&client->input, chunk, (size_t)got);
    return digest(client);
}

bool client_pump(struct client *client, int milliseconds) {
    uint64_t end = now_milliseconds() + (uint64_t)milliseconds;
    while (!client->lost) {
        if (receive(client)) return true;
        uint64_t now = now_milliseconds();
        struct pollfd ready = {.fd = client->fd, .events = POLLIN};
        if (now >= end || poll(&ready, 1, (int)(end - now)) <= 0) return false;
    }
    return false;
}

static void must_pump(struct client *client, const char *what) {
    if (!client_pump(client, limit_milliseconds())) fail_test("%s: %s", what, client->lost ? "the channel ended" : "nothing came");
}

void client_send_raw(struct client *client, const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    while (length > 0 && !client->lost) {
        ssize_t sent = send(client->fd, at, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            at += sent;
            length -= (size_t)sent;
            continue;
        }
        if (errno != EAGAIN) {
            client->lost = true;
            return;
        }
        struct pollfd ready = {.fd = client->fd, .events = POLLIN | POLLOUT};
        if (poll(&ready, 1, limit_milliseconds()) <= 0) fail_test("the agent takes no more bytes");
        if (ready.revents & POLLIN) receive(client);
    }
}

void client_frame(struct client *client, uint8_t type, uint16_t flags, uint32_t id, uint32_t length) {
    uint8_t header[YAMUX_HEADER] = {0, type};
    wire_store_u16(header + 2, flags);
    wire_store_u32(header + 4, id);
    wire_store_u32(header + 8, length);
    client_send_raw(client, header, sizeof header);
}

struct client_stream *client_open(struct client *client) {
    struct client_stream *stream = new_stream(client, client->next_id);
    client->next_id += 2;
    client_frame(client, YAMUX_WINDOW_UPDATE, YAMUX_SYN, stream->id, 0);
    return stream;
}

size_t client_write_some(struct client *client, struct client_stream *stream, const void *bytes, size_t length) {
    while (stream->window == 0 && !stream->reset) must_pump(client, "writing to a stream");
    if (stream->reset) return 0;
    if (length > stream->window) length = stream->window;
    if (length > YAMUX_FRAME_LIMIT) length = YAMUX_FRAME_LIMIT;
    stream->window -= (uint32_t)length;
    client_frame(client, YAMUX_DATA, 0, stream->id, (uint32_t)length);
    client_send_raw(client, bytes, length);
    return length;
}

void client_write(struct client *client, struct client_stream *stream, const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    while (length > 0) {
        size_t part = client_write_some(client, stream, at, length);
        if (part == 0) return;
        at += part;
        length -= part;
    }
}

void client_finish(struct client *client, struct client_stream *stream) {
    client_frame(client, YAMUX_WINDOW_UPDATE, YAMUX_FIN, stream->id, 0);
}

void client_reset(struct client *client, struct client_stream *stream) {
    client_frame(client, YAMUX_WINDOW_UPDATE, YAMUX_RST, stream->id, 0);
}

size_t client_read(struct client *client, struct client_stream *stream, void *bytes, size_t length) {
    while (stream->received.length == 0 && !stream->finished && !stream->reset) must_pump(client, "reading from a stream");
    if (length > stream->received.length) length = stream->received.length;
    if (length == 0) return 0;
    memcpy(bytes, buffer_bytes(&stream->received), length);
    buffer_consume(&stream->received, length);
    client_frame(client, YAMUX_WINDOW_UPDATE, 0, stream->id, (uint32_t)length);
    return length;
}

char *client_read_all(struct client *client, struct client_stream *stream, size_t *length) {
    struct buffer all = {0};
    uint8_t chunk[65536];
    for (size_t got; (got = client_read(client, stream, chunk, sizeof chunk)) > 0;) buffer_append(&all, chunk, got);
    if (length != NULL) *length = all.length;
    char *text = calloc(1, all.length + 1);
    if (all.length > 0) memcpy(text, buffer_bytes(&all), all.length);
    buffer_clear(&all);
    return text;
}
