/* What the entrypoint writes goes to the console, through its ring: a console that is slow makes it wait, and nobody else. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "exec.h"
#include "process.h"

/* What cannot be written at all is dropped: the program shall not wait for ever. */
static bool write_all(struct exec_output *output) {
    while (output->sent < output->ring.total) {
        const uint8_t *bytes;
        size_t length = ring_span(&output->ring, output->sent, &bytes);
        ssize_t written = write(output->console.fd, bytes, length);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) return false;
        output->sent += written < 0 ? length : (size_t)written;
        ring_acknowledge(&output->ring, output->sent);
    }
    return true;
}

static void console_ready(struct watch *watch, uint32_t events) {
    (void)events;
    exec_console_push(watch->owner);
    exec_watch_output(watch->owner);
}

void exec_console_begin(struct exec_output *output) {
    output->console = (struct watch){.fd = console_open(), .ready = console_ready, .owner = output};
}

bool exec_console_push(struct exec_output *output) {
    bool all = write_all(output);
    if (output->console.fd >= 0) loop_watch(&output->console, all ? 0 : EPOLLOUT);
    return all;
}

static void flush(struct exec_output *output, uint64_t until) {
    bool more;
    do {
        more = output->watch.fd >= 0 && exec_read_output(output);
        if (write_all(output)) continue;
        struct pollfd console = {.fd = output->console.fd, .events = POLLOUT};
        poll(&console, 1, 100);
        more = true;
    } while (more && clock_boottime() < until);
}

void exec_console_flush(struct exec *exec, uint64_t until) {
    for (int which = 0; which < 2; which++) flush(&exec->outputs[which], until);
}

void exec_console_say(struct exec *exec, const char *words) {
    exec_console_flush(exec, 0);
    struct exec_output *output = &exec->outputs[1];
    size_t length = strlen(words);
    if (ring_room(&output->ring, RING_LIMIT + RING_SLACK) < length) return;
    if (ring_append(&output->ring, (const uint8_t *)words, length)) exec_console_push(output);
}
