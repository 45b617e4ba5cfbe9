/* HELLO and what comes before it: old frames, filler, ends of file; and CONFIGURE, INFO, CONNECT, DATAGRAMS and LISTEN. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "sync.h"
#include "yamux.h"

static struct agent agent;
static struct client client;

static uint8_t phase(void) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_INFO);
    struct reply reply = client_ask(&client, &writer);
    check(reply.kind == WIRE_OK);
    struct wire_reader reader = wire_reader(reply.body, reply.length);
    struct arena arena = {0};
    check(wire_u16(&reader) == 1);
    for (int i = 0; i < 3; i++) wire_text(&reader, &arena, WIRE_NAME_LIMIT);
    uint8_t value = wire_u8(&reader);
    check(!reader.bad);
    arena_free(&arena);
    reply_free(&reply);
    return value;
}

static void send_bytes(int fd, const void *bytes, size_t length) {
    if (!wire_write_all(fd, bytes, length)) fail_test("cannot write to the agent: %s", strerror(errno));
}

static void beforeItIsConfiguredAnAgentSaysSo(void) {
    client_connect(&client, agent.socket);
    check(phase() == 0);
    const char *const argv[] = {"/bin/true", NULL};
    uint8_t id[16] = {1};
    struct reply reply = exec_begin(&client, id, argv, 2);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_STATE);
    reply_free(&reply);
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_CONFIGURE);
    wire_put_u16(&writer, 9);
    reply = client_ask(&client, &writer);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_MALFORMED);
    reply_free(&reply);
    check(phase() == 0);
    configure_empty(&client);
    check(phase() == 2);
    wire_begin(&writer, WIRE_CONFIGURE);
    wire_put_u16(&writer, 0);
    reply = client_ask(&client, &writer);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_STATE);
    reply_free(&reply);
    client_close(&client);
}

static void aHelloBehindAnythingIsFound(void) {
    static const char garbage[] = "GET / HTTP/1.1\r\n\xBA\xBA\x42" "BANGER-SYNC\xBA";
    int fd = client_dial(agent.socket);
    send_bytes(fd, garbage, sizeof garbage - 1);
    client_hello(&client, fd, false);
    check(phase() == 2);
    client_close(&client);
}

/* The new host shares the line with the old one, as on a virtio-serial port. */
static void aHelloAtAFrameBoundaryIsANewHost(void) {
    client_connect(&client, agent.socket);
    check(phase() == 2);
    int fd = dup(client.fd);
    client_close(&client);
    client_hello(&client, fd, false);
    check(phase() == 2);
    client_close(&client);
}

static void aHostThatComesInTheMiddleOfAFrameIsHeard(void) {
    for (size_t part = 1; part <= 4; part++) {
        client_connect(&client, agent.socket);
        uint8_t frame[YAMUX_HEADER] = {0, YAMUX_DATA, 0, YAMUX_SYN, 0, 0, 0, 1, 0, 1, 0, 0};
        /* Inside of the header, just after it, and inside of 64 KiB of data. */
        send_bytes(client.fd, frame, part == 1 ? 3 : part == 2 ? 11 : sizeof frame);
        uint8_t data[1000] = {0};
        if (part == 4) send_bytes(client.fd, data, sizeof data);
        int fd = dup(client.fd);
        client_close(&client);
        client_hello(&client, fd, true);
        check(phase() == 2);
        client_close(&client);
    }
}

static void aBrokenFrameEndsTheSessionAndHelloBeginsTheNext(void) {
    client_connect(&client, agent.socket);
    uint8_t bad[YAMUX_HEADER] = {0, 9};
    send_bytes(client.fd, bad, sizeof bad);
    int fd = dup(client.fd);
    client_close(&client);
    client_hello(&client, fd, false);
    check(phase() == 2);
    client_close(&client);
}

static void aNewConnectionReplacesTheOld(void) {
    struct client old = {0};
    client_connect(&old, agent.socket);
    client_connect(&client, agent.socket);
    check(phase() == 2);
    while (!old.lost) check(client_pump(&old, 1000) || old.lost);
    client_close(&old);
    client_close(&client);
}

static void endsOfFileByTheHundredDoNoHarm(void) {
    for (int i = 0; i < 100; i++) {
        int fd = client_dial(agent.socket);
        if (i % 2 == 0) send_bytes(fd, sync_magic, 1 + (size_t)i % SYNC_MAGIC);
        close(fd);
    }
    client_connect(&client, agent.socket);
    check(phase() == 2);
    client_close(&client);
}

static void aHostThatDoesNotReadDoesNotStopTheAgent(void) {
    int fd = client_dial(agent.socket);
    client_hello(&client, fd, false);
    static uint8_t pings[1 << 20];
    for (size_t at = 0; at + YAMUX_HEADER <= sizeof pings; at += YAMUX_HEADER) {
        pings[at + 1] = YAMUX_PING;
        pings[at + 3] = YAMUX_SYN;
    }
    ssize_t sent;
    uint64_t total = 0;
    uint64_t end = now_milliseconds() + 300;
    do {
        sent = send(client.fd, pings, sizeof pings / YAMUX_HEADER * YAMUX_HEADER, MSG_DONTWAIT);
        total += sent > 0 ? (uint64_t)sent : 0;
        if (sent < 0) poll(NULL, 0, 10);
    } while (now_milliseconds() < end);
    /* What a socket holds, and what the agent queues: not all that was offered. */
    check(total < 16 * 1024 * 1024);
    client_close(&client);
    client_connect(&client, agent.socket);
    check(phase() == 2);
    client_close(&client);
}

static struct client_stream *dial_guest(uint8_t family, const char *address, uint16_t port, struct reply *reply) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_CONNECT);
    wire_put_u8(&writer, family);
    wire_put_text(&writer, address);
    wire_put_u16(&writer, port);
    struct client_stream *stream = client_request(&client, &writer);
    *reply = client_reply(&client, stream);
    reply_free(reply);
    return stream;
}

static int listen_here(uint16_t *port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    check(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 5) == 0);
    check(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void connectCarriesBothWaysAndHalfCloses(void) {
    uint16_t port;
    struct reply reply;
    client_connect(&client, agent.socket);
    int listener = listen_here(&port);
    struct client_stream *stream = dial_guest(4, "127.0.0.1", port, &reply);
    check(reply.kind == WIRE_OK);
    int fd = accept(listener, NULL, NULL);
    client_write(&client, stream, "question", 8);
    client_finish(&client, stream);
    char text[16] = "";
    check(wire_read_all(fd, text, 8) && strcmp(text, "question") == 0);
    check(read(fd, text, 1) == 0);
    send_bytes(fd, "answer", 6);
    close(fd);
    char *answer = client_read_all(&client, stream, NULL);
    check(strcmp(answer, "answer") == 0 && stream->finished);
    free(answer);
    close(listener);
    dial_guest(4, "127.0.0.1", port, &reply);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_SYSTEM && reply.error_number == ECONNREFUSED);
    dial_guest(4, "not an address", port, &reply);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_MALFORMED);
    dial_guest(1, "/no/such/socket", 0, &reply);
    check(reply.kind == WIRE_ERROR && reply.error_number == ENOENT);
    client_close(&client);
}

static struct client_stream *send_to_guest(uint8_t family, const char *address, uint16_t port, struct reply *reply) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_DATAGRAMS);
    wire_put_u8(&writer, family);
    wire_put_text(&writer, address);
    wire_put_u16(&writer, port);
    struct client_stream *stream = client_request(&client, &writer);
    *reply = client_reply(&client, stream);
    reply_free(reply);
    return stream;
}

static void datagramsKeepTheirBounds(void) {
    struct reply reply;
    client_connect(&client, agent.socket);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    check(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    check(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    struct client_stream *stream = send_to_guest(4, "127.0.0.1", ntohs(address.sin_port), &reply);
    check(reply.kind == WIRE_OK);
    client_write(&client, stream, "\0\3one\0\0\0", 8);
    client_write(&client, stream, "\6second", 7);
    char text[16] = "";
    struct sockaddr_in peer;
    check(recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&peer, &length) == 3 && memcmp(text, "one", 3) == 0);
    check(recv(fd, text, sizeof text, 0) == 0);
    check(recv(fd, text, sizeof text, 0) == 6 && memcmp(text, "second", 6) == 0);
    static uint8_t large[60000];
    check(sendto(fd, large, sizeof large, 0, (struct sockaddr *)&peer, length) == sizeof large);
    check(sendto(fd, "end", 3, 0, (struct sockaddr *)&peer, length) == 3);
    static uint8_t frames[2 + sizeof large + 5];
    for (size_t got = 0, some; got < sizeof frames; got += some) {
        some = client_read(&client, stream, frames + got, sizeof frames - got);
        check(some > 0);
    }
    check(wire_load_u16(frames) == sizeof large && memcmp(frames + 2 + sizeof large, "\0\3end", 5) == 0);
    client_finish(&client, stream);
    free(client_read_all(&client, stream, NULL));
    check(stream->finished);
    close(fd);
    client_close(&client);
}

static void datagramsThatNobodyTakesResetTheirStream(void) {
    struct reply reply;
    uint16_t port;
    client_connect(&client, agent.socket);
    int listener = listen_here(&port);
    struct client_stream *stream = send_to_guest(4, "127.0.0.1", port, &reply);
    check(reply.kind == WIRE_OK);
    client_write(&client, stream, "\0\1x", 3);
    uint64_t end = now_milliseconds() + 5000;
    while (!stream->reset && now_milliseconds() < end) client_pump(&client, 100);
    check(stream->reset);
    send_to_guest(6, "127.0.0.1", port, &reply);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_MALFORMED);
    send_to_guest(1, "/socket", 0, &reply);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_MALFORMED);
    close(listener);
    client_close(&client);
}

static struct client_stream *listen_in_guest(uint8_t family, const char *address, uint16_t *port) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_LISTEN);
    wire_put_u8(&writer, family);
    wire_put_text(&writer, address);
    wire_put_u16(&writer, 0);
    wire_put_u32(&writer, 0600);
    struct client_stream *stream = client_request(&client, &writer);
    struct reply reply = client_reply(&client, stream);
    if (reply.kind != WIRE_OK) fail_test("LISTEN: %s", reply.message);
    *port = wire_load_u16(reply.body + 8);
    reply_free(&reply);
    return stream;
}

static void listenGivesAStreamForEachConnection(void) {
    uint16_t port;
    client_connect(&client, agent.socket);
    struct client_stream *listener = listen_in_guest(4, "127.0.0.1", &port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    check(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    while (client.incoming == NULL) check(client_pump(&client, 5000));
    struct client_stream *stream = client.incoming;
    check(stream->id % 2 == 0);
    struct reply incoming = client_reply(&client, stream);
    check(incoming.kind == WIRE_INCOMING);
    reply_free(&incoming);
    client_frame(&client, YAMUX_WINDOW_UPDATE, YAMUX_ACK, stream->id, 0);
    client_write(&client, stream, "\0\0\0\2\0\1hello", 11);
    char text[16] = "";
    check(wire_read_all(fd, text, 5) && strcmp(text, "hello") == 0);
    send_bytes(fd, "back", 4);
    shutdown(fd, SHUT_WR);
    char *back = client_read_all(&client, stream, NULL);
    check(strcmp(back, "back") == 0);
    free(back);
    close(fd);
    client_finish(&client, listener);
    uint64_t end = now_milliseconds() + 5000;
    int refused;
    do {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        refused = connect(fd, (struct sockaddr *)&address, sizeof address);
        close(fd);
    } while (refused == 0 && now_milliseconds() < end);
    check(refused != 0);
    client_close(&client);
}

static void aUnixListenerGoesWithItsSession(void) {
    char path[100];
    uint16_t port;
    snprintf(path, sizeof path, "%s/inner", agent.directory);
    client_connect(&client, agent.socket);
    listen_in_guest(1, path, &port);
    check(access(path, F_OK) == 0);
    client_close(&client);
    uint64_t end = now_milliseconds() + 5000;
    while (access(path, F_OK) == 0 && now_milliseconds() < end) poll(NULL, 0, 5);
    check(access(path, F_OK) != 0);
}

int main(void) {
    agent_start(&agent, NULL);
    run_test(beforeItIsConfiguredAnAgentSaysSo);
    run_test(aHelloBehindAnythingIsFound);
    run_test(aHelloAtAFrameBoundaryIsANewHost);
    run_test(aHostThatComesInTheMiddleOfAFrameIsHeard);
    run_test(aBrokenFrameEndsTheSessionAndHelloBeginsTheNext);
    run_test(aNewConnectionReplacesTheOld);
    run_test(endsOfFileByTheHundredDoNoHarm);
    run_test(aHostThatDoesNotReadDoesNotStopTheAgent);
    run_test(connectCarriesBothWaysAndHalfCloses);
    run_test(datagramsKeepTheirBounds);
    run_test(datagramsThatNobodyTakesResetTheirStream);
    run_test(listenGivesAStreamForEachConnection);
    run_test(aUnixListenerGoesWithItsSession);
    agent_stop(&agent);
    return 0;
}
