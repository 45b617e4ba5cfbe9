/* The table of execs, their lifetime, and the requests about them that carry no streams of bytes. */
#include "exec.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "machine.h"
#include "power.h"
#include "reply.h"
#include "request.h"

/* What other programs have to end when the machine does. */
#define FAREWELL 5000

uint64_t exec_lifetime = 600 * SECONDS;

static struct exec *execs;
static size_t exec_count;

struct exec *exec_find(const uint8_t id[EXEC_ID]) {
    for (struct exec *exec = execs; exec != NULL; exec = exec->next) {
        if (memcmp(exec->id, id, EXEC_ID) == 0) return exec;
    }
    return NULL;
}

/* The image's own program, with nobody who attaches to it, is never too old. */
static bool is_entrypoint(const struct exec *exec) { return exec->console; }

static struct exec *entrypoint(void) {
    static const uint8_t zero[EXEC_ID];
    return exec_find(zero);
}

bool exec_entrypoint_runs(void) {
    const struct exec *exec = entrypoint();
    return exec != NULL && exec->state != EXEC_ENDED;
}

void exec_stop_entrypoint(void) {
    const struct exec *exec = entrypoint();
    kill(exec->child.pid, exec->stop_signal);
    kill(exec->child.pid, SIGCONT);
}

void exec_flush_entrypoint(void) {
    struct exec *exec = entrypoint();
    if (exec != NULL) exec_console_flush(exec, clock_boottime() + SECONDS);
}

static bool attached(const struct exec *exec) {
    return exec->starter != NULL || exec->outputs[0].stream != NULL || exec->outputs[1].stream != NULL ||
           exec->input.stream != NULL || exec->waiters != NULL;
}

void exec_touch(struct exec *exec) {
    if (exec->state == EXEC_ENDED) return;
    if (attached(exec) || is_entrypoint(exec)) {
        timer_cancel(&exec->expiry);
    } else if (!exec->expiry.armed) {
        timer_set(&exec->expiry, exec_lifetime);
    }
}

static void kill_all(const struct exec *exec) {
    bool grouped = cgroup_signal(exec->id, SIGKILL) == 0;
    if (!grouped && exec->state != EXEC_ENDED) kill(-exec->child.pid, SIGKILL);
}

static void expired(struct timer *timer) {
    struct exec *exec = timer->owner;
    bool purpose = exec->purpose;
    kill_all(exec);
    exec_forget_now(exec);
    if (purpose && machine_is_process) power_end_process(false);
    if (purpose && machine_is_guest) power_begin(false, FAREWELL);
}

static void reply_ended(struct exec_waiter *waiter) {
    const struct exec *exec = waiter->exec;
    bool exited = WIFEXITED(exec->status);
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_put_u8(&writer, exited ? 0 : 1);
    wire_put_u32(&writer, (uint32_t)(exited ? WEXITSTATUS(exec->status) : WTERMSIG(exec->status)));
    wire_put_u64(&writer, exec->outputs[0].ring.total);
    wire_put_u64(&writer, exec->outputs[1].ring.total);
    wire_end(&writer);
    reply_last(waiter->stream, &writer);
}

/* An exec is over when its program has ended and its output too: then its totals are known. */
static void answer_waiters(struct exec *exec) {
    if (exec->state != EXEC_ENDED || exec->outputs[0].watch.fd >= 0 || exec->outputs[1].watch.fd >= 0) return;
    while (exec->waiters != NULL) {
        struct exec_waiter *waiter = exec->waiters;
        exec->waiters = waiter->next;
        reply_ended(waiter);
        free(waiter);
    }
}

void exec_output_ended(struct exec *exec) { answer_waiters(exec); }

static void say_how_it_ended(struct exec *exec) {
    char words[128];
    bool exited = WIFEXITED(exec->status);
    snprintf(words, sizeof words, "banger-agent: the entrypoint ended: %s %d\n", exited ? "status" : "signal",
        exited ? WEXITSTATUS(exec->status) : WTERMSIG(exec->status));
    exec_console_say(exec, words);
}

static void program_ended(struct child *child, int status) {
    struct exec *exec = child->owner;
    exec->state = EXEC_ENDED;
    exec->status = status;
    timer_set(&exec->expiry, exec_lifetime);
    cgroup_remove(exec->id);
    exec_program_ended(exec);
    if (exec->console) say_how_it_ended(exec);
    answer_waiters(exec);
}

struct exec *exec_add(const struct exec_order *order) {
    struct exec *exec = exec_count >= EXEC_LIMIT ? NULL : calloc(1, sizeof *exec);
    if (exec == NULL) return NULL;
    memcpy(exec->id, order->id, EXEC_ID);
    exec->pty = order->flags & EXEC_PTY;
    exec->purpose = order->flags & EXEC_PURPOSE;
    exec->console = order->flags & EXEC_CONSOLE;
    exec->stop_signal = order->stop_signal;
    exec->child = (struct child){.pid = -1, .ended = program_ended, .owner = exec};
    exec->expiry = (struct timer){.fire = expired, .owner = exec};
    exec->start.fd = exec->input.watch.fd = exec->outputs[0].watch.fd = exec->outputs[1].watch.fd = -1;
    exec->outputs[0].console.fd = exec->outputs[1].console.fd = -1;
    exec->argv = arena_array(&exec->arena, order->argument_count + 1, sizeof *exec->argv);
    for (size_t i = 0; exec->argv != NULL && i < order->argument_count; i++) {
        exec->argv[i] = arena_text(&exec->arena, order->argv[i], strlen(order->argv[i]));
        if (exec->argv[i] == NULL) exec->argv = NULL;
    }
    if (exec->argv == NULL) {
        arena_free(&exec->arena);
        free(exec);
        return NULL;
    }
    exec->argument_count = order->argument_count;
    exec->next = execs;
    execs = exec;
    exec_count++;
    return exec;
}

void exec_forget_now(struct exec *exec) {
    struct exec **link = &execs;
    while (*link != exec) link = &(*link)->next;
    *link = exec->next;
    exec_count--;
    while (exec->waiters != NULL) {
        struct exec_waiter *waiter = exec->waiters;
        exec->waiters = waiter->next;
        reply_error(waiter->stream, CODE_NOT_FOUND, 0, "the exec was forgotten");
        free(waiter);
    }
    if (exec->starter != NULL) reply_error(exec->starter, CODE_NOT_FOUND, 0, "the exec was forgotten");
    exec_free_streams(exec);
    loop_close(&exec->start);
    timer_cancel(&exec->expiry);
    child_forget(&exec->child);
    cgroup_remove(exec->id);
    arena_free(&exec->arena);
    free(exec);
}

/* Reads the id and what else the request has, which the caller has taken from the body; NULL: an error was replied. */
static struct exec *requested(struct yamux_stream *stream, const struct wire_reader *body, const uint8_t id[EXEC_ID],
    const char *request) {
    struct exec *exec = wire_finished(body) ? exec_find(id) : NULL;
    if (!wire_finished(body)) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed %s", request);
    } else if (exec == NULL) {
        reply_error(stream, CODE_NOT_FOUND, 0, "%s: there is no such exec", request);
    }
    return exec;
}

static void waiter_readable(struct yamux_stream *stream) { (void)stream; }

static void waiter_gone(struct yamux_stream *stream) {
    struct exec_waiter *waiter = stream->owner;
    struct exec *exec = waiter->exec;
    struct exec_waiter **link = &exec->waiters;
    while (*link != waiter) link = &(*link)->next;
    *link = waiter->next;
    free(waiter);
    exec_touch(exec);
}

static const struct yamux_handler waiter_handlers = {.readable = waiter_readable, .gone = waiter_gone};

void exec_wait(struct yamux_stream *stream, struct wire_reader body) {
    uint8_t id[EXEC_ID];
    wire_fixed(&body, id, EXEC_ID);
    struct exec *exec = requested(stream, &body, id, "EXEC_WAIT");
    if (exec == NULL) return;
    struct exec_waiter *waiter = calloc(1, sizeof *waiter);
    if (waiter == NULL) {
        reply_error(stream, CODE_SYSTEM, ENOMEM, "EXEC_WAIT: no memory");
        return;
    }
    *waiter = (struct exec_waiter){.next = exec->waiters, .exec = exec, .stream = stream};
    exec->waiters = waiter;
    stream->handler = &waiter_handlers;
    stream->owner = waiter;
    exec_touch(exec);
    answer_waiters(exec);
}

/* 0 or errno. */
static int send_signal(const struct exec *exec, int number, uint8_t scope) {
    if (scope == 2) {
        int error = cgroup_signal(exec->id, number);
        if (error != ESRCH || exec->state == EXEC_ENDED) return error;
    } else if (exec->state == EXEC_ENDED) {
        return ESRCH;
    }
    if (scope == 1) return kill(exec->child.pid, number) != 0 ? errno : 0;
    pid_t group = exec->child.pid;
    if (exec->pty && exec->input.watch.fd >= 0) {
        pid_t foreground = 0;
        if (ioctl(exec->input.watch.fd, TIOCGPGRP, &foreground) == 0 && foreground > 1) group = foreground;
    }
    if (kill(-group, number) == 0) return 0;
    /* Before the child's setsid there is no group yet. */
    return errno == ESRCH && kill(exec->child.pid, number) == 0 ? 0 : errno;
}

void exec_signal(struct yamux_stream *stream, struct wire_reader body) {
    uint8_t id[EXEC_ID];
    wire_fixed(&body, id, EXEC_ID);
    uint32_t number = wire_u32(&body);
    uint8_t scope = wire_u8(&body);
    if (number == 0 || number >= (uint32_t)NSIG || scope > 2) body.bad = true;
    struct exec *exec = requested(stream, &body, id, "EXEC_SIGNAL");
    if (exec == NULL) return;
    int error = send_signal(exec, (int)number, scope);
    if (error == ESRCH) {
        reply_error(stream, CODE_STATE, error, "cannot send signal %u: the program has ended", number);
    } else if (error != 0) {
        reply_error(stream, CODE_SYSTEM, error, "cannot send signal %u: %s", number, strerror(error));
    } else {
        reply_done(stream);
    }
}

void exec_resize(struct yamux_stream *stream, struct wire_reader body) {
    uint8_t id[EXEC_ID];
    wire_fixed(&body, id, EXEC_ID);
    struct winsize size = {.ws_row = wire_u16(&body)};
    size.ws_col = wire_u16(&body);
    struct exec *exec = requested(stream, &body, id, "EXEC_RESIZE");
    if (exec == NULL) return;
    if (!exec->pty || exec->input.watch.fd < 0) {
        reply_error(stream, CODE_STATE, 0, "cannot resize: the exec has no terminal");
    } else if (ioctl(exec->input.watch.fd, TIOCSWINSZ, &size) != 0) {
        reply_error(stream, CODE_SYSTEM, errno, "cannot resize the terminal: %s", strerror(errno));
    } else {
        reply_done(stream);
    }
}

void exec_forget(struct yamux_stream *stream, struct wire_reader body) {
    uint8_t id[EXEC_ID];
    wire_fixed(&body, id, EXEC_ID);
    bool end = wire_bool(&body);
    struct exec *exec = requested(stream, &body, id, "EXEC_FORGET");
    if (exec == NULL) return;
    if (end) kill_all(exec);
    exec_forget_now(exec);
    reply_done(stream);
}

void exec_list(struct yamux_stream *stream, struct wire_reader body) {
    if (!wire_finished(&body)) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed EXEC_LIST");
        return;
    }
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_put_u16(&writer, (uint16_t)exec_count);
    for (struct exec *exec = execs; exec != NULL; exec = exec->next) {
        wire_put_bytes(&writer, exec->id, EXEC_ID);
        wire_put_u32(&writer, (uint32_t)exec->child.pid);
        wire_put_u8(&writer, exec->state == EXEC_ENDED);
        wire_put_u8(&writer, exec->pty);
        wire_put_u16(&writer, (uint16_t)exec->argument_count);
        for (size_t i = 0; i < exec->argument_count; i++) wire_put_text(&writer, exec->argv[i]);
        wire_put_u64(&writer, exec->outputs[0].ring.acknowledged);
        wire_put_u64(&writer, exec->outputs[1].ring.acknowledged);
    }
    wire_end(&writer);
    reply_last(stream, &writer);
}
