/* Calls one service as the agent does, over a socketpair: serve KIND ARGUMENT...
 * An argument is t:TEXT (a str), b:NUMBER (a u8) or x:HEX (raw bytes). stdin is the stream after the request; DATA and, after
 * SFTP's OK, the raw stream go to stdout; OK and ERROR are printed on stderr. The exit status is that of the last reply: 0, 1.
 * Without arguments: an SFTP server on stdin and stdout, for `sftp -D`. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "service.h"
#include "sftp.h"
#include "wire.h"

static struct arena arena;

static void add_argument(struct wire_writer *body, const char *argument) {
    unsigned byte;
    if (argument[0] == 't') wire_put_text(body, argument + 2);
    if (argument[0] == 'b') wire_put_u8(body, (uint8_t)atoi(argument + 2));
    for (const char *hex = argument + 2; argument[0] == 'x' && sscanf(hex, "%2x", &byte) == 1; hex += 2) wire_put_u8(body, (uint8_t)byte);
}

static void pump(int from, int to) {
    static uint8_t bytes[65536];
    ssize_t length;
    while ((length = read(from, bytes, sizeof bytes)) > 0 && wire_write_all(to, bytes, (size_t)length)) continue;
}

static void print_stat(struct wire_reader *reader) {
    fprintf(stderr, " mode=%o", wire_u32(reader));
    fprintf(stderr, " uid=%u", wire_u32(reader));
    fprintf(stderr, " gid=%u", wire_u32(reader));
    fprintf(stderr, " size=%" PRIu64, wire_u64(reader));
    fprintf(stderr, " mtime=%" PRId64, wire_i64(reader));
    fprintf(stderr, " target=%s", wire_text(reader, &arena, WIRE_TEXT_LIMIT));
    fprintf(stderr, " directory=%d", wire_bool(reader));
}

static void print_ports(struct wire_reader *reader) {
    for (size_t count = wire_count(reader, 1); count > 0; count--) {
        size_t length;
        fprintf(stderr, "\n%s ", wire_u8(reader) == 6 ? "tcp" : "udp");
        const uint8_t *address = wire_bytes(reader, 16, &length);
        for (size_t i = 0; i < length; i++) fprintf(stderr, "%02x", address[i]);
        fprintf(stderr, " %u", wire_u16(reader));
        fprintf(stderr, " pid=%u", wire_u32(reader));
        fprintf(stderr, " process=%s", wire_text(reader, &arena, WIRE_TEXT_LIMIT));
        fprintf(stderr, " uid=%u", wire_u32(reader));
    }
}

static void print_rows(struct wire_reader *reader, const char *kind, int numbers) {
    for (size_t count = wire_count(reader, 1); count > 0; count--) {
        fprintf(stderr, "\n%s %s", kind, wire_text(reader, &arena, WIRE_TEXT_LIMIT));
        for (int i = 0; i < numbers; i++) fprintf(stderr, " %" PRIu64, wire_u64(reader));
    }
}

static void print_stats(struct wire_reader *reader) {
    static const char *const times[] = {"user", "system", "idle", "iowait", "steal"};
    static const char *const memory[] = {"total", "free", "available", "cached", "swap-total", "swap-free"};
    fprintf(stderr, "\nuptime %" PRIu64, wire_u64(reader));
    fprintf(stderr, "\ncpus %u", wire_u32(reader));
    for (int i = 0; i < 5; i++) fprintf(stderr, "\n%s %" PRIu64, times[i], wire_u64(reader));
    for (int i = 0; i < 6; i++) fprintf(stderr, "\n%s %" PRIu64, memory[i], wire_u64(reader));
    for (int i = 0; i < 3; i++) fprintf(stderr, "\nload %u", wire_u32(reader));
    fprintf(stderr, "\nprocesses %u", wire_u32(reader));
    print_rows(reader, "disk", 4);
    print_rows(reader, "nic", 4);
    print_rows(reader, "filesystem", 3);
}

static void print_ok(unsigned kind, struct wire_reader *reader) {
    fprintf(stderr, "ok");
    if (kind == WIRE_STAT) print_stat(reader);
    if (kind == WIRE_PORTS) print_ports(reader);
    if (kind == WIRE_STATS) print_stats(reader);
    while (reader->left >= 8 && !reader->bad) fprintf(stderr, " %" PRIu64, wire_u64(reader));
    fprintf(stderr, "%s\n", wire_finished(reader) ? "" : " MALFORMED");
}

static int print_error(struct wire_reader *reader) {
    unsigned code = wire_u16(reader), error = wire_u32(reader);
    fprintf(stderr, "error %u %u %s\n", code, error, wire_text(reader, &arena, WIRE_TEXT_LIMIT));
    return 1;
}

/* Prints the replies until the service's end. */
static int print_replies(unsigned kind, int fd) {
    static uint8_t message[4 + WIRE_MESSAGE_LIMIT];
    int result = 2;
    while (wire_read_all(fd, message, WIRE_HEADER)) {
        uint32_t length = wire_load_u32(message);
        if (length < 2 || length > WIRE_MESSAGE_LIMIT || !wire_read_all(fd, message + WIRE_HEADER, length - 2)) return 2;
        struct wire_reader reader = wire_reader(message + WIRE_HEADER, length - 2);
        switch (wire_load_u16(message + 4)) {
        case WIRE_OK:
            print_ok(kind, &reader);
            result = 0;
            break;
        case WIRE_ERROR: result = print_error(&reader); break;
        case WIRE_DATA:
            if (!wire_write_all(1, reader.at, reader.left)) return 2;
            break;
        default: return 2;
        }
        arena_free(&arena);
        if (kind == WIRE_SFTP && result == 0) return pump(fd, 1), 0;
    }
    return result;
}

static int run_service(unsigned kind, const struct wire_writer *body, int fd) {
    for (const struct service *service = services; service->kind != 0; service++) {
        if (service->kind == kind) return service->run(body->data, body->length, fd);
    }
    return 99;
}

int main(int count, char **arguments) {
    int ends[2];
    struct wire_writer body = {0};
    signal(SIGPIPE, SIG_IGN);
    if (count == 1) return sftp_serve(0, 1);
    unsigned kind = (unsigned)strtoul(arguments[1], NULL, 16);
    for (int i = 2; i < count; i++) add_argument(&body, arguments[i]);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 2;
    pid_t service = fork();
    if (service == 0) {
        close(ends[0]);
        int result = run_service(kind, &body, ends[1]);
        free(body.data);
        exit(result);
    }
    close(ends[1]);
    pid_t feeder = fork();
    if (feeder == 0) {
        pump(0, ends[0]);
        shutdown(ends[0], SHUT_WR);
        _exit(0);
    }
    int result = print_replies(kind, ends[0]), status = 0;
    kill(feeder, SIGKILL);
    waitpid(feeder, NULL, 0);
    waitpid(service, &status, 0);
    free(body.data);
    if (WIFSIGNALED(status) || WEXITSTATUS(status) > 1) {
        fprintf(stderr, "the service ended with status %x\n", (unsigned)status);
        return 3;
    }
    return result;
}
