#include "launch.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* A jailer drops its rights itself. */
static bool drop_program_identity(const struct options *options, struct failure *failure) {
    return options->jailer || drop_identity(options, failure);
}

bool drop_identity(const struct options *options, struct failure *failure) {
    if (!options->has_identity) return true;
    /* Without root only the identity that one already has can be had; its groups cannot be changed. */
    if (geteuid() != 0 && options->uid == geteuid() && options->gid == getegid() && options->group_count == 0) return true;
    if (setgroups((size_t)options->group_count, options->groups) < 0) {
        return failed_errno(failure, "identity", "cannot set the supplementary groups");
    }
    if (setresgid(options->gid, options->gid, options->gid) < 0) {
        return failed_errno(failure, "identity", "cannot become gid %u", options->gid);
    }
    return setresuid(options->uid, options->uid, options->uid) == 0 ||
                 failed_errno(failure, "identity", "cannot become uid %u", options->uid);
}

static bool place_standard(const int standard[3], struct failure *failure) {
    for (int i = 0; i < 3; i++) {
        if (dup2(standard[i], i) < 0) return failed_errno(failure, "open", "cannot set up descriptor %d", i);
    }
    return true;
}

static bool place_pair(const struct options *options, struct failure *failure) {
    for (int i = 0; i < options->handover_count; i++) {
        const struct handover *handover = &options->handovers[i];
        if (handover->kind == CARRIED && dup2(handover->carrier, handover->target) < 0) {
            return failed_errno(failure, "open", "cannot give %s descriptor %d", handover->path, handover->target);
        }
    }
    return true;
}

static bool place_handovers(const struct options *options, struct failure *failure) {
    for (int i = 0; i < options->handover_count; i++) {
        const struct handover *handover = &options->handovers[i];
        if (dup2(handover->source, handover->target) < 0) {
            return failed_errno(failure, "open", "cannot give %s descriptor %d", handover->path, handover->target);
        }
    }
    return true;
}

static bool set_oom_score(int score, struct failure *failure) {
    char text[16];
    int length = snprintf(text, sizeof text, "%d", score);
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    bool done = file >= 0 && write(file, text, (size_t)length) == length;
    if (!done) failed_errno(failure, "limit", "cannot set oom_score_adj to %d", score);
    if (file >= 0) close(file);
    return done;
}

static bool set_limits(const struct options *options, struct failure *failure) {
    if (options->has_oom_score && !set_oom_score(options->oom_score, failure)) return false;
    for (int i = 0; i < options->limit_count; i++) {
        const struct limit_option *limit = &options->limits[i];
        struct rlimit value = {limit->value, limit->value};
        if (setrlimit(limit->resource, &value) < 0) {
            return failed_errno(failure, "limit", "cannot set the limit %s to %llu", limit->name,
                            (unsigned long long)limit->value);
        }
    }
    return true;
}

static void reset_signals(void) {
    sigset_t none;
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool tie_to_shim(pid_t shim, struct failure *failure) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed_errno(failure, "identity", "cannot set no_new_privs");
    /* After the change of identity, which would clear it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) return failed_errno(failure, "exec", "cannot set PR_SET_PDEATHSIG");
    return getppid() == shim || failed(failure, "exec", "the shim died");
}

static void execute(char *const *program, struct failure *failure) {
    static char path[4096];
    const char *given = getenv("PATH");
    char *environment[] = {path, NULL};
    if (given == NULL || strlen(given) > sizeof path - sizeof "PATH=") given = DEFAULT_PATH;
    snprintf(path, sizeof path, "PATH=%s", given);
    execve(program[0], program, environment);
    failed_errno(failure, "exec", "cannot execute %s", program[0]);
}

_Noreturn static void become(const struct options *options, const int standard[3], int reporter,
                             bool (*place)(const struct options *, struct failure *),
                             bool (*drop)(const struct options *, struct failure *), char *const *program) {
    struct failure failure = {.code = ""};
    pid_t shim = getppid();
    umask(077);
    reset_signals();
    if (place_standard(standard, &failure) && place(options, &failure) && set_limits(options, &failure) &&
            drop(options, &failure) && tie_to_shim(shim, &failure)) {
        execute(program, &failure);
    }
    if (write(reporter, &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
}

_Noreturn void become_carrier(const struct options *options, const int standard[3], int reporter) {
    become(options, standard, reporter, place_pair, drop_identity, options->carrier);
}

_Noreturn void become_program(const struct options *options, const int standard[3], int reporter) {
    become(options, standard, reporter, place_handovers, drop_program_identity, options->program);
}
