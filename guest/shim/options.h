#ifndef BANGER_SHIM_OPTIONS_H
#define BANGER_SHIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "descriptors.h"
#include "failure.h"

#define MAXIMUM_HANDOVERS 64
#define MAXIMUM_GROUPS 32
#define MAXIMUM_LIMITS 16
#define MAXIMUM_CARRIER_WORDS 64

struct log_option {
    const char *path; /* NULL: the output is thrown away */
    uint64_t limit;
    const char *pipe; /* a named pipe to read from; NULL: one without a name */
};

struct limit_option {
    int resource;
    const char *name;
    rlim_t value;
};

/* The command line, checked. */
struct options {
    const char *directory;
    struct log_option serial, errors;
    const char *console; /* the socket of those who watch; NULL: there is none */
    bool jailer; /* the program drops its rights itself, in a pid namespace of its own */
    bool has_identity; /* --uid and --gid were given */
    uid_t uid;
    gid_t gid;
    gid_t groups[MAXIMUM_GROUPS];
    int group_count;
    struct limit_option limits[MAXIMUM_LIMITS];
    int limit_count;
    struct handover handovers[MAXIMUM_HANDOVERS];
    int handover_count;
    bool has_oom_score;
    int oom_score;
    char *carrier[MAXIMUM_CARRIER_WORDS + 1]; /* the argument vector of what runs beside the program; empty: nothing does */
    int carrier_words;
    char **program; /* its argument vector, NULL at the end */
};

bool parse_options(struct options *options, char **arguments, struct failure *failure);

#endif
