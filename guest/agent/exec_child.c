/* The way from the agent to the program: fork, session, terminal, user, directory, execve. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exec.h"
#include "mounts.h"
#include "process.h"

enum { PATH_LIMIT = 4096 };

enum step { STEP_SESSION, STEP_MAKE, STEP_USER, STEP_DIRECTORY, STEP_EXECUTE };

const char *const exec_steps[] = {"set up its session", "make its directory", "become its user", "enter its directory", "execute it"};

static void give_up(const struct exec_setup *setup, enum step step, int error) {
    struct exec_failure failure = {.error = error, .step = (int)step};
    wire_write_all(setup->status, &failure, sizeof failure);
    _exit(127);
}

/* 0 to 2 become the program's; the copies above 2 close at execve. */
static int take_descriptors(const struct exec_setup *setup) {
    int safe[3];
    for (int i = 0; i < 3; i++) {
        safe[i] = fcntl(setup->descriptors[i], F_DUPFD_CLOEXEC, 3);
        if (safe[i] < 0) return errno;
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(safe[i], i) < 0) return errno;
    }
    return 0;
}

static int begin_session(const struct exec_setup *setup) {
    if (setsid() < 0) return errno;
    int error = take_descriptors(setup);
    if (error == 0 && setup->pty && ioctl(0, TIOCSCTTY, 0) != 0) error = errno;
    return error;
}

/* The limits and the OOM score that a program has under any init. */
static void set_defaults(void) {
    struct rlimit files = {.rlim_cur = 1024, .rlim_max = 524288};
    setrlimit(RLIMIT_NOFILE, &files);
    if (console_is_ours) process_write_text("/proc/self/oom_score_adj", "0");
    umask(022);
}

/* Root makes it, so that it is root's whoever the program's user is. What is in its way is told when it is entered. */
static void make_directory(const struct exec_setup *setup) {
    if (!setup->make_directory || setup->directory[0] == 0) return;
    int error = mounts_make_directory(setup->directory, 0755);
    if (error != 0 && error != ENOTDIR) give_up(setup, STEP_MAKE, error);
}

static void enter_directory(const struct exec_setup *setup) {
    const char *directory = setup->directory;
    if (directory[0] == 0) {
        if (chdir(setup->user->home) == 0 || chdir("/") == 0) return;
        directory = "/";
    }
    if (chdir(directory) != 0) give_up(setup, STEP_DIRECTORY, errno);
}

static const char *path_in(char **environment) {
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, "PATH=", 5) == 0) return *environment + 5;
    }
    return "/usr/local/bin:/bin:/usr/bin";
}

/* As execvp, but nothing is tried where nothing is: a failed execve costs a guest under emulation a millisecond. */
static void execute(const struct exec_setup *setup) {
    const char *name = setup->argv[0];
    char *const *argv = (char *const *)setup->argv;
    if (strchr(name, '/') != NULL) {
        execve(name, argv, setup->environment);
        return;
    }
    int error = ENOENT;
    for (const char *place = name[0] == 0 ? NULL : path_in(setup->environment); place != NULL; place = *place == 0 ? NULL : place + 1) {
        char path[PATH_LIMIT];
        size_t length = strcspn(place, ":");
        int end = snprintf(path, sizeof path, "%.*s%s%s", (int)length, place, length == 0 ? "" : "/", name);
        place += length;
        if (end >= (int)sizeof path || access(path, F_OK) != 0) continue;
        execve(path, argv, setup->environment);
        if (errno == EACCES) error = EACCES;
        if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) return;
    }
    errno = error;
}

static void run_program(const struct exec_setup *setup) {
    loop_leave();
    int error = begin_session(setup);
    if (error != 0) give_up(setup, STEP_SESSION, error);
    set_defaults();
    make_directory(setup);
    error = user_become(setup->user);
    if (error != 0) give_up(setup, STEP_USER, error);
    enter_directory(setup);
    syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    execute(setup);
    give_up(setup, STEP_EXECUTE, errno);
}

/* Straight into its cgroup where the kernel can; moving a process later costs it milliseconds. */
static pid_t fork_into(int cgroup) {
    struct clone_args arguments = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)cgroup};
    pid_t pid = cgroup < 0 ? -1 : (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid >= 0) return pid;
    pid = fork();
    if (pid == 0 && cgroup >= 0) {
        int fd = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (fd >= 0) wire_write_all(fd, "0", 1);
    }
    return pid;
}

pid_t exec_fork(const struct exec_setup *setup) {
    pid_t pid = fork_into(setup->cgroup);
    if (pid == 0) run_program(setup);
    return pid;
}
