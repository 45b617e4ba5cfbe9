#ifndef BANGER_SHIM_RING_LOG_H
#define BANGER_SHIM_RING_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descriptors.h"
#include "log_marks.h"

/*
 * Takes what the program writes to a pipe into FILE, at most LIMIT bytes in FILE and FILE.1 together.
 * A file that cannot be written loses bytes and later says how many; the pipe is always read.
 */
struct ring_log {
    int reader;         /* the pipe's end, non-blocking; -1 when at its end */
    int writer;         /* the end for the program; -1 once handed over */
    int file;           /* -1: could not be opened, is tried again */
    struct place place; /* directory -1: the output is thrown away */
    char older[256];    /* the name FILE.1 */
    uint64_t size;      /* of FILE */
    uint64_t maximum;   /* of FILE */
    uint64_t lost;      /* bytes not written since the last good write */
    uint64_t written;   /* bytes since the run began, in FILE, FILE.1 and what is gone */
    struct log_marks marks;
    void (*listener)(void *owner, const char *bytes, size_t length); /* hears all that is read; NULL: nobody */
    void *owner;
};

/* Opens the log, or, when path is NULL, only the pipe: the named one, or, when that is NULL, one without a name. */
bool open_ring_log(struct ring_log *log, const char *path, uint64_t limit, const char *pipe, struct failure *failure);

/* Reads what is there now. False when the pipe is at its end. */
bool drain_ring_log(struct ring_log *log);

/* Writes a line of the shim's own. */
void note_in_ring_log(struct ring_log *log, const char *line);

void close_ring_log(struct ring_log *log);

#endif
