/* EXEC_START: from the order to a running program. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cgroup.h"
#include "exec.h"
#include "process.h"
#include "reply.h"
#include "request.h"

/* Of each file, from its beginning: more costs the processor as much as it saves. */
#define WARM_LIMIT (256u << 10)
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static struct arena default_arena;
static const char **default_environment;
static size_t default_count;

void exec_set_environment(const char **environment, size_t count) {
    struct arena arena = {0};
    const char **copy = arena_array(&arena, count + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        copy[i] = arena_text(&arena, environment[i], strlen(environment[i]));
        if (copy[i] == NULL) copy = NULL;
    }
    if (copy == NULL) {
        arena_free(&arena);
        return;
    }
    arena_free(&default_arena);
    default_arena = arena;
    default_environment = copy;
    default_count = count;
}

void exec_warm(void) {
    static const char *const libraries[] = {
        "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/x86_64-linux-gnu/libc.so.6",
        "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"};
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        struct stat status;
        int fd = stat(libraries[i], &status) == 0 && S_ISREG(status.st_mode) ? open(libraries[i], O_RDONLY | O_CLOEXEC) : -1;
        if (fd < 0) continue;
        readahead(fd, 0, WARM_LIMIT);
        close(fd);
    }
}

bool exec_decode(struct wire_reader *body, struct arena *arena, struct exec_order *order) {
    wire_fixed(body, order->id, EXEC_ID);
    order->argv = wire_texts(body, arena, WIRE_TEXT_LIMIT, &order->argument_count);
    order->environment = wire_texts(body, arena, WIRE_TEXT_LIMIT, &order->environment_count);
    order->directory = wire_text(body, arena, WIRE_PATH_LIMIT);
    order->user = wire_text(body, arena, WIRE_NAME_LIMIT);
    order->flags = wire_u8(body);
    order->rows = wire_u16(body);
    order->columns = wire_u16(body);
    for (size_t i = 0; i < order->environment_count; i++) {
        if (strchr(order->environment[i], '=') == NULL) body->bad = true;
    }
    return wire_finished(body) && order->argument_count > 0 && (order->flags & ~(EXEC_PTY | EXEC_NO_INPUT | EXEC_PURPOSE | EXEC_MAKE_DIRECTORY)) == 0;
}

/* Adds `K=V`, in place of an earlier value of K when it may. */
static void put_variable(char **variables, size_t *count, const char *variable, bool replace) {
    size_t name = strcspn(variable, "=") + 1;
    for (size_t i = 0; i < *count; i++) {
        if (strncmp(variables[i], variable, name) != 0) continue;
        if (replace) variables[i] = (char *)variable;
        return;
    }
    variables[(*count)++] = (char *)variable;
}

static const char *variable(struct arena *arena, const char *name, const char *value) {
    char text[USER_PATH + 16];
    int length = snprintf(text, sizeof text, "%s=%s", name, value);
    return arena_text(arena, text, (size_t)length);
}

/* NULL without memory. */
static char **make_environment(struct arena *arena, const struct exec_order *order, const struct user *user) {
    char **variables = arena_array(arena, default_count + order->environment_count + 6, sizeof *variables);
    const char *fillers[] = {DEFAULT_PATH, variable(arena, "HOME", user->home), variable(arena, "USER", user->name),
        variable(arena, "LOGNAME", user->name), variable(arena, "SHELL", user->shell)};
    size_t count = 0;
    if (variables == NULL) return NULL;
    for (size_t i = 0; i < default_count; i++) put_variable(variables, &count, default_environment[i], true);
    for (size_t i = 0; i < order->environment_count; i++) put_variable(variables, &count, order->environment[i], true);
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++) {
        if (fillers[i] == NULL) return NULL;
        put_variable(variables, &count, fillers[i], false);
    }
    return variables;
}

/* The two ends of everything between the agent and the program. */
struct ends {
    int ours[3]; /* stdin's writing end, stdout's and stderr's reading ends */
    int theirs[3];
    int status[2];
    int cgroup;
};

static void close_all(int *descriptors, int count) {
    for (int i = 0; i < count; i++) {
        if (descriptors[i] >= 0) close(descriptors[i]);
        descriptors[i] = -1;
    }
}

static int open_terminal(struct ends *ends, const struct exec_order *order, const struct user *user) {
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master < 0) return errno;
    ends->ours[0] = master;
    int unlock = 0;
    if (ioctl(master, TIOCSPTLCK, &unlock) != 0) return errno;
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) return errno;
    ends->theirs[0] = slave;
    struct winsize size = {.ws_row = order->rows, .ws_col = order->columns};
    ioctl(master, TIOCSWINSZ, &size);
    struct termios settings;
    if (tcgetattr(slave, &settings) == 0) {
        settings.c_iflag |= IUTF8;
        tcsetattr(slave, TCSANOW, &settings);
    }
    if (users_switch && (fchown(slave, user->uid, user->gid) != 0 || fchmod(slave, 0620) != 0)) return errno;
    ends->theirs[1] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
    ends->theirs[2] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
    ends->ours[1] = fcntl(master, F_DUPFD_CLOEXEC, 3);
    return ends->theirs[1] < 0 || ends->theirs[2] < 0 || ends->ours[1] < 0 ? errno : 0;
}

static int open_pipe(int *reading, int *writing, int *ours) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    *reading = ends[0];
    *writing = ends[1];
    return fcntl(*ours, F_SETFL, O_NONBLOCK) != 0 ? errno : 0;
}

static int open_pipes(struct ends *ends, const struct exec_order *order) {
    int error = open_pipe(&ends->ours[1], &ends->theirs[1], &ends->ours[1]);
    if (error == 0) error = open_pipe(&ends->ours[2], &ends->theirs[2], &ends->ours[2]);
    if (error != 0) return error;
    if ((order->flags & EXEC_NO_INPUT) == 0) return open_pipe(&ends->theirs[0], &ends->ours[0], &ends->ours[0]);
    ends->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return ends->theirs[0] < 0 ? errno : 0;
}

static void close_ends(struct ends *ends) {
    close_all(ends->ours, 3);
    close_all(ends->theirs, 3);
    close_all(ends->status, 2);
    close_all(&ends->cgroup, 1);
}

static int open_ends(struct ends *ends, const struct exec_order *order, const struct user *user) {
    *ends = (struct ends){.ours = {-1, -1, -1}, .theirs = {-1, -1, -1}, .status = {-1, -1}, .cgroup = -1};
    int error = order->flags & EXEC_PTY ? open_terminal(ends, order, user) : open_pipes(ends, order);
    if (error == 0) error = open_pipe(&ends->status[0], &ends->status[1], &ends->status[0]);
    if (error == 0) ends->cgroup = cgroup_make(order->id);
    return error;
}

static void start_failed(struct yamux_stream *stream, const char *program, const char *what, int error) {
    if (stream != NULL) {
        reply_error(stream, CODE_SYSTEM, error, "cannot start '%s': cannot %s: %s", program, what, strerror(error));
    } else {
        console_line("cannot start '%s': cannot %s: %s", program, what, strerror(error));
    }
}

/* The status pipe ended (execve went well) or says what failed. */
static void start_ready(struct watch *watch, uint32_t events) {
    (void)events;
    struct exec *exec = watch->owner;
    struct exec_failure failure;
    ssize_t length = read(watch->fd, &failure, sizeof failure);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    loop_close(watch);
    struct yamux_stream *starter = exec->starter;
    exec->starter = NULL;
    if (length == sizeof failure) {
        start_failed(starter, exec->argv[0], exec_steps[failure.step], failure.error);
        exec_forget_now(exec);
        return;
    }
    if (exec->state == EXEC_STARTING) exec->state = EXEC_RUNNING;
    exec_touch(exec);
    if (starter == NULL) return;
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_put_u32(&writer, (uint32_t)exec->child.pid);
    wire_end(&writer);
    reply_last(starter, &writer);
}

static void starter_readable(struct yamux_stream *stream) { (void)stream; }

static void starter_gone(struct yamux_stream *stream) {
    struct exec *exec = stream->owner;
    exec->starter = NULL;
    exec_touch(exec);
}

static const struct yamux_handler starter_handlers = {.readable = starter_readable, .gone = starter_gone};

static int begin(struct exec *exec, const struct exec_order *order, const struct user *user, char **environment) {
    struct ends ends;
    int error = open_ends(&ends, order, user);
    struct exec_setup setup = {.descriptors = {ends.theirs[0], ends.theirs[1], ends.theirs[2]}, .status = ends.status[1],
        .cgroup = ends.cgroup, .pty = exec->pty, .directory = order->directory,
        .make_directory = (order->flags & EXEC_MAKE_DIRECTORY) != 0, .user = user, .argv = exec->argv,
        .environment = environment};
    if (error == 0) {
        exec->child.pid = exec_fork(&setup);
        if (exec->child.pid < 0) error = errno;
    }
    if (error != 0) {
        close_ends(&ends);
        return error;
    }
    child_watch(&exec->child);
    exec_begin_input(exec, ends.ours[0]);
    exec_begin_output(exec, 0, ends.ours[1]);
    if (!exec->pty) exec_begin_output(exec, 1, ends.ours[2]);
    exec->start = (struct watch){.fd = ends.status[0], .ready = start_ready, .owner = exec};
    close_all(ends.theirs, 3);
    close_all(&ends.status[1], 1);
    close_all(&ends.cgroup, 1);
    return loop_watch(&exec->start, EPOLLIN);
}

static void launch(struct exec *exec, const struct exec_order *order, const struct user *user, struct yamux_stream *stream) {
    struct arena arena = {0};
    char **environment = make_environment(&arena, order, user);
    int error = environment == NULL ? ENOMEM : begin(exec, order, user, environment);
    arena_free(&arena);
    if (error != 0) {
        start_failed(stream, order->argv[0], "prepare it", error);
        exec_forget_now(exec);
        return;
    }
    exec->starter = stream;
    if (stream != NULL) {
        stream->handler = &starter_handlers;
        stream->owner = exec;
    }
}

static void refuse(struct yamux_stream *stream, enum wire_code code, int error, const char *why, const char *what) {
    if (stream != NULL) {
        reply_error(stream, code, error, "cannot start an exec: %s%s", why, what);
    } else {
        console_line("cannot start the entrypoint: %s%s", why, what);
    }
}

void exec_launch(const struct exec_order *order, struct yamux_stream *stream) {
    if (order->environment_count > EXEC_ENVIRONMENT) {
        refuse(stream, CODE_LIMIT, 0, "too many environment variables", "");
        return;
    }
    if (exec_find(order->id) != NULL) {
        refuse(stream, CODE_EXISTS, 0, "its id is in use", "");
        return;
    }
    struct user *user = malloc(sizeof *user);
    int error = user == NULL ? ENOMEM : user_find(order->user, user);
    struct exec *exec = error == 0 ? exec_add(order) : NULL;
    if (error == ENOENT) {
        refuse(stream, CODE_NOT_FOUND, 0, "no such user or group: ", order->user);
    } else if (error != 0) {
        refuse(stream, CODE_SYSTEM, error, "cannot look up its user: ", strerror(error));
    } else if (exec == NULL) {
        refuse(stream, CODE_LIMIT, 0, "too many execs", "");
    } else {
        launch(exec, order, user, stream);
    }
    free(user);
}

void exec_start(struct yamux_stream *stream, struct wire_reader body) {
    struct arena arena = {0};
    struct exec_order order;
    if (exec_decode(&body, &arena, &order)) {
        exec_launch(&order, stream);
    } else {
        reply_error(stream, CODE_MALFORMED, 0, "malformed EXEC_START");
    }
    arena_free(&arena);
}
