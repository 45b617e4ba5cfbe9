#ifndef BANGER_SHIM_CONSOLE_H
#define BANGER_SHIM_CONSOLE_H

#include <poll.h>
#include <stddef.h>

#include "descriptors.h"

#define MAXIMUM_WATCHERS 8
/* What console_poll needs at most. */
#define CONSOLE_POLLED (MAXIMUM_WATCHERS + 2)

enum watcher_role { ASKING, VIEWING, WRITING };

struct watcher {
    int socket; /* -1: free */
    enum watcher_role role;
    uint64_t skipped; /* bytes that it was too slow for */
};

/*
 * Who watches the program's output, and the one who writes its input, over a listening socket. A watcher sends one byte
 * ('w': to write, 'v': to view), gets one (what it may), and from then on all output; what a writer sends is input.
 * Nobody holds the program up: who reads too slowly misses bytes and is told how many.
 */
struct console {
    struct handover listener; /* path NULL: there is none */
    int input;                /* the program's input; -1: none */
    bool full;                /* the program reads less than is written */
    struct watcher watchers[MAXIMUM_WATCHERS];
};

bool open_console(struct console *console, const char *path, int input, struct failure *failure);

/* Fills in what to poll for; the count. */
size_t console_poll(const struct console *console, struct pollfd *polled);

/* Does what poll found: newcomers, questions, input, ends. */
void console_ready(struct console *console, const struct pollfd *polled, size_t count);

/* Output of the program, for all who watch. `owner` is the console. */
void console_output(void *owner, const char *bytes, size_t length);

void close_console(struct console *console);

#endif
