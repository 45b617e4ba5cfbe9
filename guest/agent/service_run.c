/* Runs services (service.h): a child for each request, its socketpair relayed to the stream. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"
#include "process.h"
#include "relay.h"
#include "reply.h"
#include "request.h"
#include "service.h"

enum { RUNNING_LIMIT = 64 };

/* A service's child. It is freed when its process has ended and its relay too. */
struct worker {
    struct child child;
    bool running;
    bool relayed;
};

static int running;

static void release(struct worker *worker) {
    if (!worker->running && !worker->relayed) free(worker);
}

static void worker_ended(struct child *child, int status) {
    (void)status;
    struct worker *worker = child->owner;
    worker->running = false;
    running--;
    release(worker);
}

static void relay_ended(void *owner, bool failed) {
    struct worker *worker = owner;
    worker->relayed = false;
    if (failed && worker->running) kill(worker->child.pid, SIGKILL);
    release(worker);
}

static void run_child(const struct service *service, struct wire_reader body, int fd, pid_t agent) {
    loop_leave();
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != agent) _exit(1);
    process_close_all_but(fd);
    _exit(service->run(body.at, body.left, fd));
}

static void start(const struct service *service, struct yamux_stream *stream, struct wire_reader body) {
    struct worker *worker = calloc(1, sizeof *worker);
    int ends[2] = {-1, -1};
    int error = worker == NULL ? ENOMEM : 0;
    if (error == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) error = errno;
    pid_t agent = getpid();
    pid_t pid = error == 0 ? fork() : -1;
    if (pid == 0) run_child(service, body, ends[1], agent);
    if (error == 0 && pid < 0) error = errno;
    if (ends[1] >= 0) close(ends[1]);
    if (error != 0) {
        if (ends[0] >= 0) close(ends[0]);
        free(worker);
        reply_error(stream, CODE_SYSTEM, error, "cannot start the service of request 0x%04x", service->kind);
        return;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    running++;
    worker->child = (struct child){.pid = pid, .ended = worker_ended, .owner = worker};
    worker->running = true;
    worker->relayed = true;
    child_watch(&worker->child);
    if (!relay_start(stream, ends[0], relay_ended, worker)) relay_ended(worker, true);
}

bool service_request(uint16_t kind, struct yamux_stream *stream, struct wire_reader body) {
    for (const struct service *service = services; service->kind != 0; service++) {
        if (service->kind != kind) continue;
        if (running >= RUNNING_LIMIT) {
            reply_error(stream, CODE_LIMIT, 0, "cannot start the service of request 0x%04x: %d run already", kind, running);
        } else {
            start(service, stream, body);
        }
        return true;
    }
    return false;
}
