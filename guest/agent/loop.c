#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64 };

static int poller = -1;
static struct epoll_event batch[BATCH];
static int batch_length;
static struct timer *timers; /* by due */
static struct child *children;
static volatile sig_atomic_t child_ended;

void (*loop_reaped)(void);

uint64_t clock_boottime(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * SECONDS + (uint64_t)now.tv_nsec;
}

static void on_child(int signal) {
    (void)signal;
    child_ended = 1;
}

/* SIGCHLD comes only while epoll waits, so no child is missed and nothing else is interrupted. */
int loop_start(void) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    struct sigaction action = {.sa_handler = on_child};
    sigaction(SIGCHLD, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    child_ended = 1;
    poller = epoll_create1(EPOLL_CLOEXEC);
    return poller < 0 ? errno : 0;
}

void loop_leave(void) {
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What epoll has reported of a watch but was not yet handled is void. */
static void forget_batch(const struct watch *watch) {
    for (int i = 0; i < batch_length; i++) {
        if (batch[i].data.ptr == watch) batch[i].data.ptr = NULL;
    }
}

int loop_watch(struct watch *watch, uint32_t events) {
    if (watch->events == events) return 0;
    if (events == 0) forget_batch(watch);
    int operation = watch->events == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(poller, operation, watch->fd, &event) != 0) return errno;
    watch->events = events;
    return 0;
}

void loop_close(struct watch *watch) {
    if (watch->fd < 0) return;
    loop_watch(watch, 0);
    close(watch->fd);
    watch->fd = -1;
}

void timer_cancel(struct timer *timer) {
    if (!timer->armed) return;
    struct timer **link = &timers;
    while (*link != timer) link = &(*link)->next;
    *link = timer->next;
    timer->armed = false;
}

void timer_set(struct timer *timer, uint64_t delay) {
    timer_cancel(timer);
    timer->due = clock_boottime() + delay;
    struct timer **link = &timers;
    while (*link != NULL && (*link)->due <= timer->due) link = &(*link)->next;
    timer->next = *link;
    *link = timer;
    timer->armed = true;
}

void child_watch(struct child *child) {
    child->next = children;
    children = child;
}

void child_forget(struct child *child) {
    for (struct child **link = &children; *link != NULL; link = &(*link)->next) {
        if (*link != child) continue;
        *link = child->next;
        return;
    }
}

static void tell_ended(pid_t pid, int status) {
    for (struct child *child = children; child != NULL; child = child->next) {
        if (child->pid != pid) continue;
        child_forget(child);
        child->ended(child, status);
        return;
    }
}

static void reap(void) {
    child_ended = 0;
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) tell_ended(pid, status);
    if (loop_reaped != NULL) loop_reaped();
}

static void fire_timers(void) {
    uint64_t now = clock_boottime();
    while (timers != NULL && timers->due <= now) {
        struct timer *timer = timers;
        timer_cancel(timer);
        timer->fire(timer);
    }
}

/* Rounded up, so that a timer is due when its wait is over. */
static int wait_limit(int milliseconds) {
    if (timers == NULL) return milliseconds;
    uint64_t now = clock_boottime();
    uint64_t wait = timers->due <= now ? 0 : (timers->due - now + MILLISECONDS - 1) / MILLISECONDS;
    if (wait > 60000) wait = 60000;
    return milliseconds >= 0 && (uint64_t)milliseconds < wait ? milliseconds : (int)wait;
}

void loop_once(void (*settle)(void), int milliseconds) {
    sigset_t waiting;
    sigprocmask(SIG_SETMASK, NULL, &waiting);
    sigdelset(&waiting, SIGCHLD);
    sigdelset(&waiting, SIGTERM);
    settle();
    int ready = epoll_pwait(poller, batch, BATCH, child_ended ? 0 : wait_limit(milliseconds), &waiting);
    batch_length = ready < 0 ? 0 : ready;
    if (child_ended) reap();
    for (int i = 0; i < batch_length; i++) {
        struct watch *watch = batch[i].data.ptr;
        if (watch != NULL) watch->ready(watch, batch[i].events);
    }
    batch_length = 0;
    fire_timers();
}

void loop_run(void (*settle)(void)) {
    for (;;) loop_once(settle, -1);
}
