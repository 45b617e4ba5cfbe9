#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#define MINIMUM_LOG 4096

static const struct {
    const char *name;
    int resource;
} LIMITS[] = {
        {"as", RLIMIT_AS},           {"core", RLIMIT_CORE},     {"cpu", RLIMIT_CPU},
        {"data", RLIMIT_DATA},       {"fsize", RLIMIT_FSIZE},   {"locks", RLIMIT_LOCKS},
        {"memlock", RLIMIT_MEMLOCK}, {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
        {"nofile", RLIMIT_NOFILE},   {"nproc", RLIMIT_NPROC},   {"rss", RLIMIT_RSS},
        {"rtprio", RLIMIT_RTPRIO},   {"rttime", RLIMIT_RTTIME}, {"sigpending", RLIMIT_SIGPENDING},
        {"stack", RLIMIT_STACK},
};

static bool parse_number(const char *text, int base, uint64_t maximum, uint64_t *number) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *number = strtoull(text, &end, base);
    return errno == 0 && *end == 0 && *number <= maximum;
}

static bool parse_log(struct log_option *log, char *value, struct failure *failure) {
    char *colon = strrchr(value, ':');
    if (colon == NULL || colon == value || !parse_number(colon + 1, 10, INT64_MAX, &log->limit) ||
            log->limit < MINIMUM_LOG) {
        return failed(failure, "usage", "log '%s' is not FILE:LIMIT with a LIMIT of %d bytes or more", value, MINIMUM_LOG);
    }
    *colon = 0;
    log->path = value;
    return true;
}

/* The number before the first '=', which is cut off; `rest` is what follows it. */
static bool parse_target(struct options *options, char *value, struct handover *handover, char **rest,
                           struct failure *failure) {
    uint64_t target;
    char *equals = strchr(value, '=');
    if (options->handover_count == MAXIMUM_HANDOVERS) {
        return failed(failure, "usage", "more than %d --open, --listen, --tap and --carrier", MAXIMUM_HANDOVERS);
    }
    if (equals == NULL || equals[1] == 0) return failed(failure, "usage", "'%s' names no descriptor and what it is", value);
    *equals = 0;
    *rest = equals + 1;
    if (!parse_number(value, 10, OWN_DESCRIPTORS - 1, &target) || target < 3) {
        return failed(failure, "usage", "descriptor '%s' is not a number from 3 to %d", value, OWN_DESCRIPTORS - 1);
    }
    for (int i = 0; i < options->handover_count; i++) {
        if (options->handovers[i].target == (int)target) return failed(failure, "usage", "descriptor %s is given twice", value);
    }
    *handover = (struct handover){.target = (int)target, .source = -1, .carrier = -1, .place = {.directory = -1}};
    return true;
}

static bool parse_file(struct options *options, enum handover_kind kind, char *value, struct failure *failure) {
    struct handover handover;
    char *word;
    uint64_t mode = 0;
    bool listens = kind == LISTENING;
    char *colon = strchr(value, '=') == NULL ? NULL : strchr(strchr(value, '='), ':');
    if (colon == NULL || colon[1] == 0) return failed(failure, "usage", "'%s' is not FD=MODE:PATH", value);
    if (!parse_target(options, value, &handover, &word, failure)) return false;
    *colon = 0;
    if (listens ? !parse_number(word, 8, 0777, &mode) : strcmp(word, "ro") != 0 && strcmp(word, "rw") != 0) {
        return failed(failure, "usage", "mode '%s' of %s is not %s", word, colon + 1,
                          listens ? "octal, at most 0777" : "ro or rw");
    }
    if (!listens) mode = strcmp(word, "rw") == 0 ? O_RDWR : O_RDONLY;
    handover.kind = kind;
    handover.mode = (int)mode;
    handover.path = colon + 1;
    options->handovers[options->handover_count++] = handover;
    return true;
}

static bool parse_tap(struct options *options, char *value, struct failure *failure) {
    struct handover handover;
    char *name;
    if (!parse_target(options, value, &handover, &name, failure)) return false;
    if (strlen(name) >= IFNAMSIZ || strchr(name, '/') != NULL || name[0] == '.') {
        return failed(failure, "usage", "'%s' is no name of a network interface", name);
    }
    handover.kind = TAP;
    handover.path = name;
    options->handovers[options->handover_count++] = handover;
    return true;
}

static bool parse_carrier(struct options *options, char *value, struct failure *failure) {
    struct handover handover;
    char *program;
    if (options->carrier_words > 0) return failed(failure, "usage", "more than one --carrier");
    if (!parse_target(options, value, &handover, &program, failure)) return false;
    if (program[0] != '/') return failed(failure, "usage", "carrier '%s' is not an absolute path", program);
    handover.kind = CARRIED;
    handover.path = program;
    options->handovers[options->handover_count++] = handover;
    options->carrier[options->carrier_words++] = program;
    return true;
}

static bool parse_carrier_word(struct options *options, char *value, struct failure *failure) {
    if (options->carrier_words == 0) return failed(failure, "usage", "--carrier-word '%s' before --carrier", value);
    if (options->carrier_words == MAXIMUM_CARRIER_WORDS) {
        return failed(failure, "usage", "more than %d --carrier-word", MAXIMUM_CARRIER_WORDS - 1);
    }
    options->carrier[options->carrier_words++] = value;
    return true;
}

static bool parse_limit(struct options *options, char *value, struct failure *failure) {
    char *equals = strchr(value, '=');
    uint64_t number = RLIM_INFINITY;
    if (options->limit_count == MAXIMUM_LIMITS) return failed(failure, "usage", "more than %d --rlimit", MAXIMUM_LIMITS);
    if (equals == NULL || (strcmp(equals + 1, "unlimited") != 0 && !parse_number(equals + 1, 10, UINT64_MAX, &number))) {
        return failed(failure, "usage", "limit '%s' is not NAME=N or NAME=unlimited", value);
    }
    *equals = 0;
    for (size_t i = 0; i < sizeof LIMITS / sizeof *LIMITS; i++) {
        if (strcmp(value, LIMITS[i].name) != 0) continue;
        options->limits[options->limit_count++] =
                (struct limit_option){.resource = LIMITS[i].resource, .name = LIMITS[i].name, .value = number};
        return true;
    }
    return failed(failure, "usage", "no limit has the name '%s'", value);
}

static bool parse_identity(const char *option, const char *value, uint32_t *id, struct failure *failure) {
    uint64_t number;
    if (!parse_number(value, 10, UINT32_MAX - 1, &number)) {
        return failed(failure, "usage", "%s '%s' is not a number below 4294967295", option, value);
    }
    *id = (uint32_t)number;
    return true;
}

static bool parse_group(struct options *options, const char *value, struct failure *failure) {
    if (options->group_count == MAXIMUM_GROUPS) return failed(failure, "usage", "more than %d --group", MAXIMUM_GROUPS);
    return parse_identity("--group", value, &options->groups[options->group_count++], failure);
}

static bool parse_oom_score(struct options *options, const char *value, struct failure *failure) {
    uint64_t number;
    bool negative = *value == '-';
    if (!parse_number(value + negative, 10, 1000, &number)) {
        return failed(failure, "usage", "--oom-score-adj '%s' is not a number from -1000 to 1000", value);
    }
    options->has_oom_score = true;
    options->oom_score = negative ? -(int)number : (int)number;
    return true;
}

struct seen {
    bool uid, gid;
};

static bool parse_option(struct options *options, struct seen *seen, const char *option, char *value,
                           struct failure *failure) {
    if (strcmp(option, "--dir") == 0) {
        options->directory = value;
        return true;
    }
    if (strcmp(option, "--serial") == 0) return parse_log(&options->serial, value, failure);
    if (strcmp(option, "--stderr") == 0) return parse_log(&options->errors, value, failure);
    if (strcmp(option, "--stderr-pipe") == 0) {
        options->errors.pipe = value;
        return true;
    }
    if (strcmp(option, "--jailer") == 0) {
        options->jailer = strcmp(value, "pid") == 0;
        return options->jailer || failed(failure, "usage", "--jailer '%s' is not pid", value);
    }
    if (strcmp(option, "--console") == 0) {
        options->console = value;
        return true;
    }
    if (strcmp(option, "--uid") == 0) return seen->uid = true, parse_identity(option, value, &options->uid, failure);
    if (strcmp(option, "--gid") == 0) return seen->gid = true, parse_identity(option, value, &options->gid, failure);
    if (strcmp(option, "--group") == 0) return parse_group(options, value, failure);
    if (strcmp(option, "--rlimit") == 0) return parse_limit(options, value, failure);
    if (strcmp(option, "--open") == 0) return parse_file(options, OPENED, value, failure);
    if (strcmp(option, "--listen") == 0) return parse_file(options, LISTENING, value, failure);
    if (strcmp(option, "--tap") == 0) return parse_tap(options, value, failure);
    if (strcmp(option, "--carrier") == 0) return parse_carrier(options, value, failure);
    if (strcmp(option, "--carrier-word") == 0) return parse_carrier_word(options, value, failure);
    if (strcmp(option, "--oom-score-adj") == 0) return parse_oom_score(options, value, failure);
    return failed(failure, "usage", "unknown option '%s'", option);
}

bool parse_options(struct options *options, char **arguments, struct failure *failure) {
    struct seen seen = {0};
    *options = (struct options){0};
    for (; *arguments != NULL && strcmp(*arguments, "--") != 0; arguments += 2) {
        if (arguments[1] == NULL) return failed(failure, "usage", "option '%s' has no value", *arguments);
        char *value = strdup(arguments[1]); /* is split, and lives as long as the options */
        if (value == NULL) return failed_errno(failure, "usage", "cannot copy option '%s'", *arguments);
        if (!parse_option(options, &seen, arguments[0], value, failure)) return false;
    }
    if (*arguments == NULL || arguments[1] == NULL) return failed(failure, "usage", "no program after --");
    options->program = arguments + 1;
    if (options->program[0][0] != '/') {
        return failed(failure, "usage", "program '%s' is not an absolute path", options->program[0]);
    }
    if (options->directory == NULL) return failed(failure, "usage", "--dir is missing");
    if (seen.uid != seen.gid) return failed(failure, "usage", "--uid and --gid belong together");
    if (options->group_count > 0 && !seen.uid) return failed(failure, "usage", "--group needs --uid and --gid");
    options->has_identity = seen.uid;
    return true;
}
