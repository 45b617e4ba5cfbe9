/* Execs of the real agent, served on a socket. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "ring.h"

static struct agent agent;
static struct client client;

static void begin(const uint8_t id[16], const char *command, uint8_t flags) {
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    struct reply reply = exec_begin(&client, id, argv, flags);
    if (reply.kind != WIRE_OK) fail_test("%s: %s", command, reply.message);
    check(wire_load_u32(reply.body) > 1);
    reply_free(&reply);
}

static char *output_of(const uint8_t id[16], uint8_t which) {
    struct client_stream *stream = exec_attach(&client, id, which, 0);
    char *text = client_read_all(&client, stream, NULL);
    client_finish(&client, stream);
    client_forget(&client, stream);
    return text;
}

static void reconnect(void) {
    client_close(&client);
    client_connect(&client, agent.socket);
}

static void stdoutAndStderrStayApartAndTheExitCodeCounts(void) {
    uint8_t id[16], how;
    uint32_t value;
    uint64_t totals[2];
    random_id(id);
    begin(id, "echo out; echo err >&2; exit 7", 2);
    char *out = output_of(id, 1), *err = output_of(id, 2);
    check(strcmp(out, "out\n") == 0 && strcmp(err, "err\n") == 0);
    exec_await(&client, id, &how, &value, totals);
    check(how == 0 && value == 7 && totals[0] == 4 && totals[1] == 4);
    exec_drop(&client, id, false);
    free(out);
    free(err);
}

static void aSignalIsToldApartFromAnExit(void) {
    uint8_t id[16], how;
    uint32_t value;
    random_id(id);
    begin(id, "echo ready; sleep 1000", 2);
    struct client_stream *stream = exec_attach(&client, id, 1, 0);
    char text[6];
    check(client_read(&client, stream, text, 6) == 6);
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_EXEC_SIGNAL);
    wire_put_bytes(&writer, id, 16);
    wire_put_u32(&writer, SIGTERM);
    wire_put_u8(&writer, 0);
    struct reply reply = client_ask(&client, &writer);
    check(reply.kind == WIRE_OK);
    reply_free(&reply);
    exec_await(&client, id, &how, &value, NULL);
    check(how == 1 && value == SIGTERM);
    exec_drop(&client, id, false);
}

static void aMissingProgramIsAnErrorWithErrno(void) {
    const char *const missing[] = {"/no/such/program", NULL};
    const char *const forbidden[] = {"/etc/passwd", NULL};
    uint8_t id[16];
    random_id(id);
    struct reply reply = exec_begin(&client, id, missing, 2);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_SYSTEM && reply.error_number == 2);
    reply_free(&reply);
    reply = exec_begin(&client, id, forbidden, 2);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_SYSTEM && reply.error_number == 13);
    reply_free(&reply);
}

static void anIdIsUsedOnce(void) {
    const char *const argv[] = {"/bin/true", NULL};
    uint8_t id[16];
    random_id(id);
    begin(id, "sleep 1000", 2);
    struct reply reply = exec_begin(&client, id, argv, 2);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_EXISTS);
    reply_free(&reply);
    exec_drop(&client, id, true);
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_EXEC_WAIT);
    wire_put_bytes(&writer, id, 16);
    reply = client_ask(&client, &writer);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_NOT_FOUND);
    reply_free(&reply);
}

/* A stream of bytes that says where each stands. */
static void fill_pattern(uint8_t *bytes, size_t length, uint64_t offset) {
    for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)((offset + i) * 2654435761u >> 13);
}

static void fiftyMegabytesOfInputArriveWhole(void) {
    static uint8_t chunk[65536];
    const uint64_t total = 50 * 1000 * 1000;
    uint8_t id[16], file[] = "/tmp/banger-test-input";
    FILE *copy = fopen((char *)file, "w");
    check(copy != NULL);
    random_id(id);
    begin(id, "sha256sum", 0);
    struct client_stream *input = exec_feed(&client, id, NULL);
    for (uint64_t sent = 0; sent < total;) {
        size_t length = total - sent < sizeof chunk ? (size_t)(total - sent) : sizeof chunk;
        fill_pattern(chunk, length, sent);
        client_write(&client, input, chunk, length);
        fwrite(chunk, 1, length, copy);
        sent += length;
    }
    fclose(copy);
    client_finish(&client, input);
    char *sum = output_of(id, 1);
    FILE *judge = popen("sha256sum < /tmp/banger-test-input", "r");
    char expected[200];
    check(fgets(expected, sizeof expected, judge) != NULL);
    pclose(judge);
    remove((char *)file);
    check(strcmp(sum, expected) == 0);
    free(sum);
    exec_drop(&client, id, false);
}

static void readUntil(struct client_stream *stream, char *text, size_t size, const char *wanted) {
    size_t length = strlen(text);
    while (strstr(text, wanted) == NULL) {
        size_t got = client_read(&client, stream, text + length, size - 1 - length);
        if (got == 0) fail_test("the terminal ended before '%s': %s", wanted, text);
        length += got;
        text[length] = 0;
    }
}

static void aTerminalIsOneAndResizes(void) {
    uint8_t id[16], how;
    uint32_t value;
    random_id(id);
    begin(id, "trap 'stty size; exit 3' WINCH; test -t 0 && test -t 1 && test -t 2 && stty size; while :; do sleep 0.05; done", 1);
    struct client_stream *stream = exec_attach(&client, id, 1, 0);
    char text[4096] = "";
    readUntil(stream, text, sizeof text, "24 80\r\n");
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_EXEC_RESIZE);
    wire_put_bytes(&writer, id, 16);
    wire_put_u16(&writer, 50);
    wire_put_u16(&writer, 132);
    struct reply reply = client_ask(&client, &writer);
    check(reply.kind == WIRE_OK);
    reply_free(&reply);
    readUntil(stream, text, sizeof text, "50 132\r\n");
    exec_await(&client, id, &how, &value, NULL);
    check(how == 0 && value == 3);
    exec_drop(&client, id, false);
}

static void controlCReachesTheForegroundAndFinIsTheEndOfInput(void) {
    uint8_t id[16];
    uint32_t value;
    random_id(id);
    begin(id, "trap 'echo interrupted' INT; echo ready; read line; echo \"read: $line\"; cat; exit 4", 1);
    struct client_stream *output = exec_attach(&client, id, 1, 0);
    struct client_stream *input = exec_feed(&client, id, NULL);
    char text[4096] = "";
    readUntil(output, text, sizeof text, "ready");
    client_write(&client, input, "\003", 1);
    readUntil(output, text, sizeof text, "interrupted");
    client_write(&client, input, "line\n", 5);
    readUntil(output, text, sizeof text, "read: ");
    client_finish(&client, input);
    exec_await(&client, id, NULL, &value, NULL);
    check(value == 4);
    exec_drop(&client, id, false);
}

/* A full ring blocks the program; after a lost session it is found as it was, and nothing is missing or twice. */
static void aFullRingBlocksAndNothingIsLostOverAReattach(void) {
    const char *command = "i=0; while [ $i -lt 400000 ]; do echo $i; i=$((i+1)); done";
    uint8_t id[16];
    uint64_t totals[2], read = 0, line = 0;
    random_id(id);
    begin(id, command, 2);
    char number[32] = "";
    size_t digits = 0;
    bool ended = false;
    for (int session = 0; !ended; session++) {
        struct client_stream *stream = exec_attach(&client, id, 1, read);
        uint64_t until = read + 700000, acknowledged = read;
        char chunk[20000];
        while (read < until) {
            size_t got = client_read(&client, stream, chunk, sizeof chunk);
            if (got == 0) ended = true;
            if (got == 0) break;
            for (size_t i = 0; i < got; i++) {
                if (chunk[i] != '\n') {
                    check(digits < sizeof number - 1);
                    number[digits++] = chunk[i];
                    continue;
                }
                number[digits] = 0;
                check((uint64_t)atoll(number) == line);
                line++;
                digits = 0;
            }
            read += got;
            if (read - acknowledged > 100000) {
                exec_acknowledge(&client, stream, read);
                acknowledged = read;
            }
        }
        if (!ended) reconnect();
        check(session < 100);
    }
    check(line == 400000);
    exec_await(&client, id, NULL, NULL, totals);
    check(totals[0] == read);
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_EXEC_OUTPUT);
    wire_put_bytes(&writer, id, 16);
    wire_put_u8(&writer, 1);
    wire_put_u64(&writer, 0);
    struct reply reply = client_ask(&client, &writer);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_NOT_FOUND);
    reply_free(&reply);
    exec_drop(&client, id, false);
}

static void withoutAcknowledgementsOneRingIsAllThatComes(void) {
    uint8_t id[16];
    random_id(id);
    begin(id, "yes", 2);
    struct client_stream *stream = exec_attach(&client, id, 1, 0);
    uint8_t chunk[65536];
    while (stream->total < RING_LIMIT + 12) client_read(&client, stream, chunk, sizeof chunk);
    uint64_t end = now_milliseconds() + 300;
    while (now_milliseconds() < end) client_pump(&client, 50);
    check(stream->total == RING_LIMIT + 14); /* the OK message, then one ring */
    exec_acknowledge(&client, stream, 4096);
    while (stream->total < RING_LIMIT + 14 + 4096) client_read(&client, stream, chunk, sizeof chunk);
    exec_drop(&client, id, true);
}

static void aFloodingProgramDoesNotStallTheOthers(void) {
    uint8_t flood[4][16];
    struct client_stream *streams[4];
    for (int i = 0; i < 4; i++) {
        random_id(flood[i]);
        begin(flood[i], "yes", 2);
        streams[i] = exec_attach(&client, flood[i], 1, 0);
    }
    uint64_t slowest = 0;
    for (int round = 0; round < 20; round++) {
        const char *const argv[] = {"/bin/echo", "here", NULL};
        uint64_t start = now_milliseconds();
        uint32_t code;
        char *text = exec_run(&client, argv, &code, NULL);
        check(strcmp(text, "here\n") == 0 && code == 0);
        free(text);
        if (now_milliseconds() - start > slowest) slowest = now_milliseconds() - start;
        for (int i = 0; i < 4; i++) {
            uint8_t chunk[65536];
            while (streams[i]->received.length > 0) client_read(&client, streams[i], chunk, sizeof chunk);
            exec_acknowledge(&client, streams[i], streams[i]->total - 14);
        }
    }
    printf("    slowest of 20 execs beside four floods: %llu ms\n", (unsigned long long)slowest);
    check(slowest < 2000);
    for (int i = 0; i < 4; i++) exec_drop(&client, flood[i], true);
    for (int i = 0; i < 4; i++) client_forget(&client, streams[i]);
}

static void aHundredExecsRunAtOnce(void) {
    uint8_t ids[100][16];
    struct client_stream *outputs[100];
    for (int i = 0; i < 100; i++) {
        char command[64];
        random_id(ids[i]);
        snprintf(command, sizeof command, "read line; echo %d $line; exit %d", i, i);
        begin(ids[i], command, 0);
    }
    for (int i = 0; i < 100; i++) {
        struct client_stream *input = exec_feed(&client, ids[i], NULL);
        outputs[i] = exec_attach(&client, ids[i], 1, 0);
        client_write(&client, input, "go\n", 3);
        client_finish(&client, input);
    }
    for (int i = 0; i < 100; i++) {
        char expected[32];
        uint32_t value;
        snprintf(expected, sizeof expected, "%d go\n", i);
        char *text = client_read_all(&client, outputs[i], NULL);
        check(strcmp(text, expected) == 0);
        free(text);
        client_finish(&client, outputs[i]);
        exec_await(&client, ids[i], NULL, &value, NULL);
        check(value == (uint32_t)i);
        exec_drop(&client, ids[i], false);
    }
}

static void aBackgroundChildDoesNotHoldTheEndBack(void) {
    uint8_t id[16];
    uint32_t value;
    random_id(id);
    uint64_t start = now_milliseconds();
    begin(id, "sleep 3 & echo started; exit 5", 2);
    char *text = output_of(id, 1);
    check(strcmp(text, "started\n") == 0);
    exec_await(&client, id, NULL, &value, NULL);
    check(value == 5);
    check(now_milliseconds() - start < 2500);
    free(text);
    exec_drop(&client, id, false);
}

static void inputIsTakenUpAgainWhereASessionWasLost(void) {
    uint8_t id[16];
    uint64_t accepted;
    random_id(id);
    begin(id, "cat", 0);
    struct client_stream *input = exec_feed(&client, id, &accepted);
    check(accepted == 0);
    client_write(&client, input, "first ", 6);
    struct client_stream *output = exec_attach(&client, id, 1, 0);
    char text[64] = "";
    readUntil(output, text, sizeof text, "first ");
    reconnect();
    input = exec_feed(&client, id, &accepted);
    check(accepted == 6);
    client_write(&client, input, "second", 6);
    client_finish(&client, input);
    char *all = output_of(id, 1);
    check(strcmp(all, "first second") == 0);
    free(all);
    exec_drop(&client, id, false);
}

static void aProgramThatReadsNoMoreResetsItsInput(void) {
    static uint8_t chunk[65536];
    uint8_t id[16];
    random_id(id);
    begin(id, "exec <&-; sleep 1000", 0);
    struct client_stream *input = exec_feed(&client, id, NULL);
    uint64_t end = now_milliseconds() + 10000;
    while (!input->reset && now_milliseconds() < end) client_write_some(&client, input, chunk, sizeof chunk);
    check(input->reset);
    exec_drop(&client, id, true);
}

/* Runs a command as this user, there, with one variable; its output. */
static char *run_as(const char *user, const char *directory, const char *command, struct reply *reply) {
    uint8_t id[16];
    struct wire_writer writer = {0};
    random_id(id);
    wire_begin(&writer, WIRE_EXEC_START);
    wire_put_bytes(&writer, id, 16);
    wire_put_u16(&writer, 3);
    wire_put_text(&writer, "sh");
    wire_put_text(&writer, "-c");
    wire_put_text(&writer, command);
    wire_put_u16(&writer, 1);
    wire_put_text(&writer, "GIVEN=a value");
    wire_put_text(&writer, directory);
    wire_put_text(&writer, user);
    wire_put_u8(&writer, 2);
    wire_put_u32(&writer, 0);
    *reply = client_ask(&client, &writer);
    reply_free(reply);
    if (reply->kind != WIRE_OK) return NULL;
    char *text = output_of(id, 1);
    exec_await(&client, id, NULL, NULL, NULL);
    exec_drop(&client, id, false);
    return text;
}

static void theEnvironmentIsFilledInAndTheDirectoryEntered(void) {
    struct reply reply;
    char *text = run_as("", "/usr", "echo $GIVEN; pwd; echo $PATH | grep -c /usr/sbin; test -n \"$HOME\" && echo $USER $LOGNAME", &reply);
    check(text != NULL && strncmp(text, "a value\n/usr\n1\n", 15) == 0);
    free(text);
    check(run_as("", "/no/such/directory", "true", &reply) == NULL);
    check(reply.code == CODE_SYSTEM && reply.error_number == 2);
    check(run_as("no-such-user", "", "true", &reply) == NULL);
    check(reply.code == CODE_NOT_FOUND);
}

/* Only root can become another. */
static void aProgramRunsAsItsUserWithItsGroupsAndNoDescriptors(void) {
    if (geteuid() != 0) return;
    struct reply reply;
    char *text = run_as("nobody", "/", "id -u; id -g; id -G; ls /proc/self/fd | wc -l; ps -o sid= -p $$ | tr -d ' ' | grep -cx $$", &reply);
    check(text != NULL);
    if (strcmp(text, "65534\n65534\n65534\n4\n1\n") != 0) fail_test("as nobody: %s", text);
    free(text);
    text = run_as("1234:5", "", "id -u; id -g; pwd", &reply);
    check(text != NULL && strcmp(text, "1234\n5\n/\n") == 0);
    free(text);
}

/* A terminal stays open for output: only the agent knows that the host's bytes were all. */
static void theEndOfATerminalsInputStaysItsEnd(void) {
    uint8_t id[16];
    random_id(id);
    begin(id, "cat; echo over; exec sleep 1000", 1);
    struct client_stream *output = exec_attach(&client, id, 1, 0);
    client_finish(&client, exec_feed(&client, id, NULL));
    char text[4096] = "";
    readUntil(output, text, sizeof text, "over");
    reconnect();
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_EXEC_INPUT);
    wire_put_bytes(&writer, id, 16);
    struct reply reply = client_ask(&client, &writer);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_STATE);
    reply_free(&reply);
    exec_drop(&client, id, true);
}

static void malformedRequestsAreErrorsAndHarmless(void) {
    for (uint16_t kind = WIRE_INFO; kind < 0x0500; kind++) {
        struct wire_writer writer = {0};
        if (kind == WIRE_CONFIGURE || (kind & 0xFF) == 0x40) continue;
        wire_begin(&writer, kind);
        wire_put_raw(&writer, "\xFF\xFF\xFF\xFF\xFF", 5);
        struct reply reply = client_ask(&client, &writer);
        check(reply.kind == WIRE_ERROR);
        reply_free(&reply);
    }
    struct client_stream *stream = client_open(&client);
    client_write(&client, stream, "\x7F\xFF\xFF\xFF\x01\x00", 6);
    struct reply reply = client_reply(&client, stream);
    check(reply.kind == WIRE_ERROR && reply.code == CODE_LIMIT);
    reply_free(&reply);
    const char *const argv[] = {"/bin/true", NULL};
    uint32_t code;
    free(exec_run(&client, argv, &code, NULL));
    check(code == 0);
}

int main(void) {
    agent_start(&agent, geteuid() == 0 ? "--root" : NULL);
    client_connect(&client, agent.socket);
    configure_empty(&client);
    run_test(stdoutAndStderrStayApartAndTheExitCodeCounts);
    run_test(aSignalIsToldApartFromAnExit);
    run_test(aMissingProgramIsAnErrorWithErrno);
    run_test(anIdIsUsedOnce);
    run_test(fiftyMegabytesOfInputArriveWhole);
    run_test(aTerminalIsOneAndResizes);
    run_test(controlCReachesTheForegroundAndFinIsTheEndOfInput);
    run_test(aFullRingBlocksAndNothingIsLostOverAReattach);
    run_test(withoutAcknowledgementsOneRingIsAllThatComes);
    run_test(aFloodingProgramDoesNotStallTheOthers);
    run_test(aHundredExecsRunAtOnce);
    run_test(aBackgroundChildDoesNotHoldTheEndBack);
    run_test(inputIsTakenUpAgainWhereASessionWasLost);
    run_test(aProgramThatReadsNoMoreResetsItsInput);
    run_test(theEndOfATerminalsInputStaysItsEnd);
    run_test(malformedRequestsAreErrorsAndHarmless);
    run_test(theEnvironmentIsFilledInAndTheDirectoryEntered);
    run_test(aProgramRunsAsItsUserWithItsGroupsAndNoDescriptors);
    client_close(&client);
    agent_stop(&agent);
    return 0;
}
