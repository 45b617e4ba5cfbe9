#ifndef BANGER_SHIM_SUPERVISE_H
#define BANGER_SHIM_SUPERVISE_H

#include <sys/types.h>

#include "console.h"
#include "failure.h"
#include "options.h"
#include "ring_log.h"

/* One program and what belongs to it. */
struct shim {
    struct options options;
    struct place directory; /* --dir; the name is unused */
    struct ring_log serial, errors;
    struct console console;
    int input[2];    /* the program's stdin: a pipe to which only the console writes */
    int exit_record; /* reserved at the start, written at the end */
    int signals;     /* a signalfd for SIGTERM and SIGCHLD */
    pid_t program;   /* 0: not running */
    pid_t carrier;   /* what carries the program's packets; 0: not running */
};

/* Starts the program and publishes DIR/vmm. On failure everything is as before. `ready` gets the line for the caller. */
bool start_program(struct shim *shim, char *ready, size_t size, struct failure *failure);

/* Keeps the logs until the program has ended, then publishes DIR/exit and removes the sockets. */
bool watch_program(struct shim *shim, struct failure *failure);

#endif
