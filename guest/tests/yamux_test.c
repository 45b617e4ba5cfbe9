/* The yamux state machine against hosts that keep the rules and hosts that do not. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "yamux.h"

static struct yamux session;
static uint8_t out[1 << 20];
static size_t out_length;
static struct yamux_stream *last;
static int accepted_count, readable_count, gone_count;

static void readable(struct yamux_stream *stream) {
    (void)stream;
    readable_count++;
}

static void gone(struct yamux_stream *stream) {
    (void)stream;
    gone_count++;
}

static const struct yamux_handler handlers = {.readable = readable, .gone = gone};

static void accepted(struct yamux *owner, struct yamux_stream *stream) {
    (void)owner;
    accepted_count++;
    last = stream;
    stream->handler = &handlers;
}

static void begin(void) {
    yamux_start(&session, accepted, NULL);
    accepted_count = readable_count = gone_count = 0;
    last = NULL;
    out_length = 0;
}

static void end(void) { yamux_drop(&session); }

/* Gives the session a frame; data may be NULL. */
static void frame(uint8_t type, uint16_t flags, uint32_t id, uint32_t length, const void *data, size_t data_length) {
    uint8_t header[YAMUX_HEADER] = {0, type};
    wire_store_u16(header + 2, flags);
    wire_store_u32(header + 4, id);
    wire_store_u32(header + 8, length);
    yamux_input(&session, header, sizeof header);
    if (data_length > 0 && session.broken == NULL) yamux_input(&session, data, data_length);
}

static void drain(void) { out_length = yamux_output(&session, out, sizeof out); }

/* The nth frame of what was drained: its header. */
static const uint8_t *drained(size_t index) {
    const uint8_t *at = out;
    while (at < out + out_length) {
        size_t length = YAMUX_HEADER + (at[1] == YAMUX_DATA ? wire_load_u32(at + 8) : 0);
        if (index-- == 0) return at;
        at += length;
    }
    return NULL;
}

static void aStreamOpensCarriesDataAndEnds(void) {
    begin();
    frame(YAMUX_DATA, YAMUX_SYN, 1, 5, "hello", 5);
    check(session.broken == NULL && accepted_count == 1 && readable_count == 1);
    check(last->received.length == 5);
    yamux_consume(last, 5);
    yamux_write(last, "world", 5);
    yamux_finish(last);
    drain();
    check(drained(0)[1] == YAMUX_WINDOW_UPDATE && drained(0)[3] == YAMUX_ACK);
    check(drained(1)[1] == YAMUX_DATA && drained(1)[3] == YAMUX_FIN && wire_load_u32(drained(1) + 8) == 5);
    check(session.count == 1 && gone_count == 0);
    frame(YAMUX_WINDOW_UPDATE, YAMUX_FIN, 1, 0, NULL, 0);
    check(session.count == 0 && gone_count == 1);
    frame(YAMUX_DATA, 0, 1, 3, "abc", 3);
    check(session.broken == NULL);
    end();
}

static void everyByteMayComeAlone(void) {
    begin();
    uint8_t bytes[] = {0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 'h', 'i'};
    for (size_t i = 0; i < sizeof bytes; i++) check(yamux_input(&session, bytes + i, 1) == 1);
    check(session.broken == NULL && accepted_count == 1 && last->received.length == 2 && last->host_finished);
    end();
}

static void breaks(uint8_t type, uint16_t flags, uint32_t id, uint32_t length) {
    frame(type, flags, id, length, NULL, 0);
    check(session.broken != NULL);
    end();
    begin();
}

static void aBrokenRuleBreaksTheSession(void) {
    begin();
    uint8_t version[] = {1};
    check(yamux_input(&session, version, 1) == 0 && session.broken != NULL);
    end();
    begin();
    breaks(4, 0, 1, 0);
    breaks(YAMUX_DATA, YAMUX_SYN, 2, 0);
    breaks(YAMUX_DATA, YAMUX_SYN, 0, 0);
    breaks(YAMUX_DATA, YAMUX_SYN, 1, YAMUX_FRAME_LIMIT + 1);
    frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, NULL, 0);
    breaks(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0);
    frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, NULL, 0);
    breaks(YAMUX_WINDOW_UPDATE, 0, 1, UINT32_MAX);
    frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, NULL, 0);
    breaks(YAMUX_WINDOW_UPDATE, 0, 1, UINT32_MAX - YAMUX_WINDOW + 1);
    end();
}

static void theWindowIsTheLimitOfWhatIsReceived(void) {
    static uint8_t data[YAMUX_FRAME_LIMIT];
    begin();
    frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, NULL, 0);
    for (int i = 0; i < YAMUX_WINDOW / YAMUX_FRAME_LIMIT; i++) frame(YAMUX_DATA, 0, 1, sizeof data, data, sizeof data);
    check(session.broken == NULL && last->received.length == YAMUX_WINDOW);
    yamux_consume(last, YAMUX_WINDOW / 2);
    drain();
    check(wire_load_u32(drained(1) + 8) == YAMUX_WINDOW / 2);
    frame(YAMUX_DATA, 0, 1, sizeof data, data, sizeof data);
    frame(YAMUX_DATA, 0, 1, sizeof data, data, sizeof data);
    check(session.broken == NULL);
    frame(YAMUX_DATA, 0, 1, 1, data, 1);
    check(session.broken != NULL);
    end();
}

static void streamsAboveTheLimitAreReset(void) {
    begin();
    for (uint32_t i = 0; i < YAMUX_STREAMS; i++) frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1 + 2 * i, 0, NULL, 0);
    check(accepted_count == YAMUX_STREAMS);
    drain();
    frame(YAMUX_DATA, YAMUX_SYN, 1 + 2 * YAMUX_STREAMS, 3, "abc", 3);
    check(session.broken == NULL && accepted_count == YAMUX_STREAMS);
    drain();
    check(drained(0)[3] == YAMUX_RST && wire_load_u32(drained(0) + 4) == 1 + 2 * YAMUX_STREAMS);
    check(yamux_open(&session, &handlers, NULL) == NULL);
    end();
    check(gone_count == YAMUX_STREAMS);
}

static void idsMayComeOutOfOrderButOnlyOnce(void) {
    begin();
    uint32_t ids[] = {9, 1, 5, 3, 7, 2001, 1999};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN | YAMUX_RST, ids[i], 0, NULL, 0);
    check(session.broken == NULL && accepted_count == 7 && session.count == 0);
    frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 5, 0, NULL, 0);
    check(session.broken != NULL);
    end();
    begin();
    frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 0x10001, 0, NULL, 0);
    frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, NULL, 0);
    check(session.broken != NULL);
    end();
}

static void aFloodingStreamLeavesTheOthersTheirTurn(void) {
    static uint8_t data[200000];
    begin();
    for (uint32_t id = 1; id <= 5; id += 2) frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, id, 0, NULL, 0);
    drain();
    yamux_write(session.streams[0], data, sizeof data);
    yamux_write(session.streams[1], data, 100);
    yamux_write(session.streams[2], data, 100);
    drain();
    check(wire_load_u32(drained(0) + 8) == YAMUX_FRAME_OUTPUT);
    bool others[2] = {false, false};
    for (size_t i = 0; i < 3; i++) {
        if (wire_load_u32(drained(i) + 4) != 1) others[wire_load_u32(drained(i) + 4) == 3] = true;
    }
    check(others[0] && others[1]);
    end();
}

static void nothingIsSentBeyondTheHostsWindow(void) {
    static uint8_t data[YAMUX_WINDOW + 1000];
    begin();
    frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, NULL, 0);
    yamux_write(last, data, sizeof data);
    size_t total = 0;
    for (drain(); out_length > 0; drain()) {
        for (size_t i = 0; drained(i) != NULL; i++) total += drained(i)[1] == YAMUX_DATA ? wire_load_u32(drained(i) + 8) : 0;
    }
    check(total == YAMUX_WINDOW);
    check(yamux_room(last) == YAMUX_QUEUE - 1000);
    frame(YAMUX_WINDOW_UPDATE, 0, 1, 600, NULL, 0);
    drain();
    check(wire_load_u32(drained(0) + 8) == 600);
    end();
}

static void pingsAreAnsweredAndTooManyHoldTheInput(void) {
    begin();
    frame(YAMUX_PING, YAMUX_SYN, 0, 42, NULL, 0);
    drain();
    check(drained(0)[1] == YAMUX_PING && drained(0)[3] == YAMUX_ACK && wire_load_u32(drained(0) + 8) == 42);
    uint8_t ping[YAMUX_HEADER] = {0, YAMUX_PING, 0, YAMUX_SYN};
    size_t read = 0, count = 0;
    while ((read = yamux_input(&session, ping, sizeof ping)) == sizeof ping && count < 100000) count++;
    check(yamux_congested(&session) && session.control.length <= YAMUX_QUEUE + YAMUX_HEADER);
    drain();
    check(!yamux_congested(&session));
    end();
}

static void resetInTheMiddle(struct yamux_stream *stream) { yamux_reset(stream); }

static void aHandlerMayResetItsOwnStream(void) {
    static const struct yamux_handler resetting = {.readable = resetInTheMiddle, .gone = gone};
    begin();
    frame(YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, NULL, 0);
    last->handler = &resetting;
    frame(YAMUX_DATA, YAMUX_FIN, 1, 4, "data", 4);
    check(session.broken == NULL && session.count == 0 && gone_count == 0);
    end();
}

static void afterGoAwayNoStreamIsOpened(void) {
    begin();
    struct yamux_stream *stream = yamux_open(&session, &handlers, NULL);
    check(stream != NULL && stream->id == 2);
    drain();
    check(drained(0)[3] == YAMUX_SYN);
    frame(YAMUX_GO_AWAY, 0, 0, 0, NULL, 0);
    check(yamux_open(&session, &handlers, NULL) == NULL);
    end();
    check(gone_count == 1);
}

static void heldInputWaitsForTheNextOutput(void) {
    begin();
    uint8_t ping[YAMUX_HEADER] = {0, YAMUX_PING, 0, YAMUX_SYN};
    yamux_hold(&session);
    check(yamux_congested(&session));
    check(yamux_input(&session, ping, sizeof ping) == 0);
    drain();
    check(out_length == 0 && !yamux_congested(&session));
    check(yamux_input(&session, ping, sizeof ping) == sizeof ping);
    drain();
    check(drained(0)[1] == YAMUX_PING);
    end();
}

/* Seeded, so that a failure comes again. */
static void randomAndMutatedFramesNeverHurt(void) {
    unsigned seed = 12345;
    static uint8_t bytes[4096];
    for (int round = 0; round < 3000; round++) {
        begin();
        for (int part = 0; part < 8 && session.broken == NULL; part++) {
            size_t length = 0;
            while (length < sizeof bytes - 64) {
                seed = seed * 1103515245 + 12345;
                uint8_t type = (uint8_t)(seed >> 16 & 3);
                uint32_t payload = type == YAMUX_DATA ? seed >> 20 & 31 : seed >> 8 & 0xFFFF;
                memset(bytes + length, 0, 64);
                bytes[length + 1] = type;
                bytes[length + 3] = (uint8_t)(seed >> 24 & 15);
                bytes[length + 7] = (uint8_t)(seed >> 12 & 31);
                wire_store_u32(bytes + length + 8, payload);
                length += YAMUX_HEADER + (type == YAMUX_DATA ? payload : 0);
            }
            if (round % 3 == 0) bytes[seed % length] ^= (uint8_t)(1u << (seed >> 8 & 7));
            yamux_input(&session, bytes, length);
            if (session.broken == NULL) drain();
        }
        end();
    }
}

int main(void) {
    run_test(aStreamOpensCarriesDataAndEnds);
    run_test(everyByteMayComeAlone);
    run_test(aBrokenRuleBreaksTheSession);
    run_test(theWindowIsTheLimitOfWhatIsReceived);
    run_test(streamsAboveTheLimitAreReset);
    run_test(idsMayComeOutOfOrderButOnlyOnce);
    run_test(aFloodingStreamLeavesTheOthersTheirTurn);
    run_test(nothingIsSentBeyondTheHostsWindow);
    run_test(pingsAreAnsweredAndTooManyHoldTheInput);
    run_test(aHandlerMayResetItsOwnStream);
    run_test(afterGoAwayNoStreamIsOpened);
    run_test(heldInputWaitsForTheNextOutput);
    run_test(randomAndMutatedFramesNeverHurt);
    return 0;
}
