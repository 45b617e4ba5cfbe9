/* A host for tests: HELLO, a small blocking yamux client, and requests. Every wait has a limit; a broken promise of the agent
 * ends the test with a message. */
#ifndef BANGER_TEST_CLIENT_H
#define BANGER_TEST_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "wire.h"

enum { CLIENT_STREAMS = 600 };

struct client_stream {
    uint32_t id;
    struct buffer received;
    uint64_t total; /* bytes ever received */
    uint32_t window;
    bool finished; /* the agent's FIN came */
    bool reset;
    bool deaf; /* nothing is consumed: no window is given back */
};

struct client {
    int fd;
    uint32_t next_id;
    struct client_stream streams[CLIENT_STREAMS];
    size_t count;
    struct client_stream *incoming; /* the last stream the agent opened */
    bool lost;                      /* end of file */
    struct buffer input;
    uint64_t pongs;
};

struct reply {
    uint16_t kind;
    uint16_t code;        /* of an ERROR */
    uint32_t error_number;
    char message[512];
    uint8_t *body;        /* of an OK; free it with reply_free */
    size_t length;
};

void fail_test(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
uint64_t now_milliseconds(void);

/* Connects (waiting up to 10 s for the socket to be there), says HELLO until it is answered. */
void client_connect(struct client *client, const char *path);

/* A connection without HELLO. */
int client_dial(const char *path);

/* HELLO on a connected descriptor. insistent: with filler, as to a guest that may be in the middle of a frame. */
void client_hello(struct client *client, int fd, bool insistent);

/* Closes and frees everything. */
void client_close(struct client *client);

/* Sends raw bytes, reading what comes meanwhile. */
void client_send_raw(struct client *client, const void *bytes, size_t length);

struct client_stream *client_open(struct client *client);
struct client_stream *client_find(struct client *client, uint32_t id);
void client_frame(struct client *client, uint8_t type, uint16_t flags, uint32_t id, uint32_t length);

/* As many bytes as the window takes; waits for at least one. 0: the stream was reset. */
size_t client_write_some(struct client *client, struct client_stream *stream, const void *bytes, size_t length);
void client_write(struct client *client, struct client_stream *stream, const void *bytes, size_t length);
void client_finish(struct client *client, struct client_stream *stream);
void client_reset(struct client *client, struct client_stream *stream);

/* Reads frames for up to so many milliseconds, until at least one came. False: none did. */
bool client_pump(struct client *client, int milliseconds);

/* At most length bytes; waits for at least one. 0 at the stream's end. */
size_t client_read(struct client *client, struct client_stream *stream, void *bytes, size_t length);

/* All that comes up to the FIN, NUL-terminated, malloc'ed. */
char *client_read_all(struct client *client, struct client_stream *stream, size_t *length);

/* Opens a stream with this request; the writer (begun by wire_begin) is ended and cleared. */
struct client_stream *client_request(struct client *client, struct wire_writer *writer);
struct reply client_reply(struct client *client, struct client_stream *stream);

/* Request and reply; the stream is finished and forgotten. */
struct reply client_ask(struct client *client, struct wire_writer *writer);
void reply_free(struct reply *reply);

/* The stream is not used any more: its place is free. */
void client_forget(struct client *client, struct client_stream *stream);

/* Execs. */
void put_exec(struct wire_writer *writer, const uint8_t id[16], const char *const argv[], uint8_t flags);
struct reply exec_begin(struct client *client, const uint8_t id[16], const char *const argv[], uint8_t flags);
struct client_stream *exec_attach(struct client *client, const uint8_t id[16], uint8_t which, uint64_t offset);
struct client_stream *exec_feed(struct client *client, const uint8_t id[16], uint64_t *accepted);
void exec_acknowledge(struct client *client, struct client_stream *stream, uint64_t offset);

/* Waits; how (0 exited, 1 signal) and value, totals may be NULL. */
void exec_await(struct client *client, const uint8_t id[16], uint8_t *how, uint32_t *value, uint64_t totals[2]);
void exec_drop(struct client *client, const uint8_t id[16], bool kill);

/* Runs a program to its end; its stdout, malloc'ed. Its exit code goes to code. */
char *exec_run(struct client *client, const char *const argv[], uint32_t *code, size_t *length);
void random_id(uint8_t id[16]);

/* The agent under test, as a child: $AGENT --serve in a directory of its own. */
struct agent {
    pid_t pid;
    char directory[64];
    char socket[80];
};

void agent_start(struct agent *agent, const char *option);
void agent_stop(struct agent *agent);

/* Configures an agent in test mode with no sections. */
void configure_empty(struct client *client);

#endif
