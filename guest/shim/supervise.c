#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launch.h"
#include "record.h"

#define RUNNING "vmm"
#define ENDED "exit"
/* How long an exec may take: the program can be on a slow disk, not on a dead one. */
#define EXEC_LIMIT_MILLISECONDS 10000

static bool take_signals(struct shim *shim, struct failure *failure) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_SETMASK, &set, NULL);
    signal(SIGCHLD, SIG_DFL); /* ignored, it would take the exit status away */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    shim->signals = own_descriptor(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    return shim->signals >= 0 || failed_errno(failure, "start", "cannot make a signalfd");
}

static bool open_input(struct shim *shim, struct failure *failure) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return failed_errno(failure, "start", "cannot make a pipe for the program's input");
    shim->input[0] = own_descriptor(ends[0]);
    shim->input[1] = own_descriptor(ends[1]);
    return (shim->input[0] >= 0 && shim->input[1] >= 0) ||
                 failed_errno(failure, "start", "cannot set up the pipe for the program's input");
}

static bool open_all(struct shim *shim, struct failure *failure) {
    struct options *options = &shim->options;
    int directory = open(options->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    shim->directory.directory = own_descriptor(directory);
    if (shim->directory.directory < 0) {
        return failed_errno(failure, "dir", "cannot open directory %s", options->directory);
    }
    if (!open_ring_log(&shim->serial, options->serial.path, options->serial.limit, NULL, failure) ||
            !open_ring_log(&shim->errors, options->errors.path, options->errors.limit, options->errors.pipe, failure) ||
            !open_input(shim, failure) ||
            !open_console(&shim->console, options->console, shim->input[1], failure)) {
        return false;
    }
    shim->serial.listener = console_output;
    shim->serial.owner = &shim->console;
    for (int i = 0; i < options->handover_count; i++) {
        if (!open_handover(&options->handovers[i], failure)) return false;
    }
    if (chdir("/") < 0) return failed_errno(failure, "start", "cannot change to directory /");
    shim->exit_record = reserve_record(shim->directory.directory, ENDED, failure);
    return shim->exit_record >= 0;
}

static void close_handed_over(struct shim *shim) {
    for (int i = 0; i < shim->options.handover_count; i++) {
        struct handover *handover = &shim->options.handovers[i];
        if (handover->source >= 0) close(handover->source);
        if (handover->carrier >= 0) close(handover->carrier);
        handover->source = handover->carrier = -1;
    }
    int *ends[] = {&shim->input[0], &shim->serial.writer, &shim->errors.writer};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (*ends[i] >= 0) close(*ends[i]);
        *ends[i] = -1;
    }
}

/*
 * The shim goes on as the program's user, with the one right to reach its files in directories that stay closed to
 * that user: a program that breaks out can forge no record.
 */
static bool drop_shim(const struct options *options, struct failure *failure) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    bool root = geteuid() == 0 && options->has_identity;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return failed_errno(failure, "identity", "cannot set no_new_privs");
    if (root && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return failed_errno(failure, "identity", "cannot keep a capability");
    if (!drop_identity(options, failure)) return false;
    /* A jailer is still root when it has to be killed early. */
    data[0].permitted = 1u << CAP_DAC_OVERRIDE | (options->jailer ? 1u << CAP_KILL : 0);
    data[0].effective = data[0].permitted;
    return !root || syscall(SYS_capset, &header, data) == 0 ||
                 failed_errno(failure, "identity", "cannot give up the capabilities");
}

/* True when the exec has happened: the pipe, close-on-exec, came to its end without a report. */
static bool await_exec(int reports, struct failure *failure) {
    struct pollfd pollfd = {.fd = reports, .events = POLLIN};
    int ready = poll(&pollfd, 1, EXEC_LIMIT_MILLISECONDS);
    if (ready == 0) return failed(failure, "exec", "the program was not executed within %d ms", EXEC_LIMIT_MILLISECONDS);
    ssize_t length = ready < 0 ? -1 : read(reports, failure, sizeof *failure);
    if (length < 0) return failed_errno(failure, "exec", "cannot learn whether the program was executed");
    return length == 0;
}

/* Beside the program, not before it: what is sent before the carrier is ready waits in the socket. */
static bool fork_carrier(struct shim *shim, int reporter, struct failure *failure) {
    if (shim->options.carrier_words == 0) return true;
    shim->carrier = fork();
    if (shim->carrier == 0) {
        become_carrier(&shim->options, (int[]){STDIN_FILENO, STDOUT_FILENO, shim->errors.writer}, reporter);
    }
    if (shim->carrier > 0) return true;
    shim->carrier = 0;
    return failed_errno(failure, "start", "cannot fork");
}

static bool launch(struct shim *shim, int *reports, struct failure *failure) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return failed_errno(failure, "start", "cannot make a pipe for the program's start");
    *reports = own_descriptor(ends[0]);
    int reporter = own_descriptor(ends[1]);
    if (*reports < 0 || reporter < 0) return failed_errno(failure, "start", "cannot set up the pipe for the program's start");
    bool forked = fork_carrier(shim, reporter, failure);
    if (forked && shim->options.jailer && unshare(CLONE_NEWPID) < 0) {
        forked = failed_errno(failure, "start", "cannot make a pid namespace");
    }
    if (forked) shim->program = fork();
    if (forked && shim->program == 0) {
        become_program(&shim->options, (int[]){shim->input[0], shim->serial.writer, shim->errors.writer}, reporter);
    }
    if (forked && shim->program < 0) forked = false, shim->program = 0, failed_errno(failure, "start", "cannot fork");
    close(reporter);
    close_handed_over(shim);
    return forked;
}

static bool record_start(struct shim *shim, char *ready, size_t size, struct failure *failure) {
    uint64_t start, shim_start;
    char boot[37], line[256];
    int directory = shim->directory.directory;
    if (!process_start(shim->program, &start) || !process_start(getpid(), &shim_start) || !boot_id(boot)) {
        return failed_errno(failure, "record", "cannot read the start times and the boot id from /proc");
    }
    snprintf(ready, size, "ready pid=%d start=%" PRIu64 " shim-start=%" PRIu64 "\n", shim->program, start, shim_start);
    snprintf(line, sizeof line, "pid=%d start=%" PRIu64 " boot=%s shim=%d shim-start=%" PRIu64 "\n", shim->program, start,
                   boot, getpid(), shim_start);
    int record = reserve_record(directory, RUNNING, failure);
    if (record >= 0 && write_record(record, RUNNING, line, failure)) return true;
    discard_record(directory, RUNNING);
    return false;
}

/* The record is flushed while the program is being executed; its names change only when that went well. */
static bool run(struct shim *shim, char *ready, size_t size, struct failure *failure) {
    int reports = -1, directory = shim->directory.directory;
    if (!launch(shim, &reports, failure)) return false;
    bool recorded = drop_shim(&shim->options, failure) && record_start(shim, ready, size, failure);
    bool done = recorded && await_exec(reports, failure);
    close(reports);
    if (done) {
        unlinkat(directory, ENDED, 0);
        done = publish_record(directory, RUNNING, failure);
    }
    if (recorded && !done) discard_record(directory, RUNNING);
    return done;
}

static void remove_sockets(struct shim *shim) {
    close_console(&shim->console);
    for (int i = 0; i < shim->options.handover_count; i++) remove_socket(&shim->options.handovers[i]);
}

static void end_carrier(struct shim *shim) {
    if (shim->carrier == 0) return;
    kill(shim->carrier, SIGKILL);
    waitpid(shim->carrier, NULL, 0);
    shim->carrier = 0;
}

static void undo(struct shim *shim) {
    end_carrier(shim);
    if (shim->program > 0) {
        kill(shim->program, SIGKILL);
        waitpid(shim->program, NULL, 0);
    }
    remove_sockets(shim);
    if (shim->exit_record >= 0) discard_record(shim->directory.directory, ENDED);
}

bool start_program(struct shim *shim, char *ready, size_t size, struct failure *failure) {
    open_console(&shim->console, NULL, -1, failure); /* what undo closes is there */
    if (take_signals(shim, failure) && open_all(shim, failure) && run(shim, ready, size, failure)) return true;
    undo(shim);
    return false;
}

static void pass_on_signals(const struct shim *shim) {
    struct signalfd_siginfo signal;
    while (read(shim->signals, &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo == SIGTERM) kill(shim->program, SIGTERM);
    }
}

static void drain(struct ring_log *log, short events) {
    if (events != 0 && log->reader >= 0 && !drain_ring_log(log)) close_ring_log(log);
}

/* Nobody can take its place: the program's socket is at its end. */
static void look_after_carrier(struct shim *shim) {
    char line[160];
    int status;
    if (shim->carrier == 0 || waitpid(shim->carrier, &status, WNOHANG) <= 0) return;
    shim->carrier = 0;
    snprintf(line, sizeof line, "banger-shim: what carried the packets has ended with %s %d: no network until the next start\n",
                   WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    note_in_ring_log(&shim->errors, line);
}

static bool record_end(struct shim *shim, int status, struct failure *failure) {
    char line[128];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(line, sizeof line, "%s=%d time=%lld%09ld\n", WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (long long)now.tv_sec, now.tv_nsec);
    return write_record(shim->exit_record, ENDED, line, failure) &&
                 publish_record(shim->directory.directory, ENDED, failure);
}

bool watch_program(struct shim *shim, struct failure *failure) {
    int status;
    pid_t ended = 0;
    do {
        struct pollfd polled[3 + CONSOLE_POLLED] = {{.fd = shim->signals, .events = POLLIN},
                                {.fd = shim->serial.reader, .events = POLLIN},
                                {.fd = shim->errors.reader, .events = POLLIN}};
        size_t watched = console_poll(&shim->console, polled + 3);
        if (poll(polled, 3 + watched, -1) < 0) {
            if (errno != EINTR) return failed_errno(failure, "watch", "cannot poll");
            continue; /* what poll did not fill in says nothing */
        }
        drain(&shim->serial, polled[1].revents);
        drain(&shim->errors, polled[2].revents);
        console_ready(&shim->console, polled + 3, watched);
        pass_on_signals(shim); /* before the wait: a SIGCHLD that comes after it wakes the next poll */
        ended = waitpid(shim->program, &status, WNOHANG);
        if (ended == 0) look_after_carrier(shim);
    } while (ended == 0);
    if (ended < 0) return failed_errno(failure, "watch", "cannot wait for the program");
    shim->program = 0;
    end_carrier(shim);
    /* What the program left in the pipes; what a child of it may still write there is not waited for. */
    drain(&shim->serial, POLLIN);
    drain(&shim->errors, POLLIN);
    bool recorded = record_end(shim, status, failure);
    remove_sockets(shim);
    return recorded;
}
