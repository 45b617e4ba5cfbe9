/* The agent's one loop: descriptors, timers and ended children, one after the other in one thread. Nothing called by it blocks. */
#ifndef BANGER_LOOP_H
#define BANGER_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

struct watch {
    int fd;
    uint32_t events; /* what epoll was told; 0: not there */
    void (*ready)(struct watch *watch, uint32_t events);
    void *owner;
};

struct timer {
    uint64_t due; /* CLOCK_BOOTTIME, nanoseconds */
    bool armed;
    void (*fire)(struct timer *timer);
    void *owner;
    struct timer *next;
};

struct child {
    pid_t pid;
    void (*ended)(struct child *child, int status); /* as waitpid gives it; the child is no longer watched then */
    void *owner;
    struct child *next;
};

#define MILLISECONDS UINT64_C(1000000)
#define SECONDS UINT64_C(1000000000)

uint64_t clock_boottime(void);

/* Sets up epoll and SIGCHLD. 0 or errno. */
int loop_start(void);

/* Watches for events, in place of what was watched for before; 0 stops. Safe inside ready, for any watch. 0 or errno. */
int loop_watch(struct watch *watch, uint32_t events);

/* Stops watching, closes the descriptor. */
void loop_close(struct watch *watch);

/* Fires once after the delay, in place of an earlier setting. */
void timer_set(struct timer *timer, uint64_t delay);
void timer_cancel(struct timer *timer);

void child_watch(struct child *child);
void child_forget(struct child *child);

/* Called after every reaping. */
extern void (*loop_reaped)(void);

/* In a forked child: default signals, nothing blocked. */
void loop_leave(void);

/* Runs for ever; before it waits it calls settle, which may still find work to do. */
void loop_run(void (*settle)(void)) __attribute__((noreturn));

/* One round of loop_run, waiting at most so many milliseconds (-1: no limit). */
void loop_once(void (*settle)(void), int milliseconds);

#endif
