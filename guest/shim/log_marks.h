#ifndef BANGER_SHIM_LOG_MARKS_H
#define BANGER_SHIM_LOG_MARKS_H

#include <stdint.h>

/*
 * Beside a log FILE, in FILE.times: which run of the program it is of, at which of that run's bytes it begins, and when
 * what was written. Offsets count from the run's first byte. There is at most one mark a second, and none without
 * new bytes; a disk that takes none loses no more than marks.
 */
struct log_marks {
    int file;         /* -1: none is kept */
    uint64_t run;     /* nanoseconds since 1970: the run's name */
    uint64_t spacing; /* bytes between two marks, but for so many that may be nearer: what is written now and then has its time */
    unsigned nearer;
    unsigned nearer_left; /* of this file */
    uint64_t offset;  /* of the last mark */
    int64_t second;   /* of the last mark */
};

/* Begins the marks of a log whose first byte has this offset; `run` 0 begins a run. */
void begin_marks(struct log_marks *marks, int directory, const char *log, uint64_t begins);

/* The log becomes `older`, and so do its marks. */
void put_marks_aside(struct log_marks *marks, int directory, const char *log, const char *older);

/* What follows this offset is written now. */
void mark(struct log_marks *marks, uint64_t offset);

#endif
