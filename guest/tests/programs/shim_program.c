/* What shim.sh runs under banger-shim, and a client for its sockets. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int flood(long long bytes) {
    static char line[64];
    for (long long sent = 0; sent < bytes; sent += 64) {
        snprintf(line, sizeof line, "%062lld", sent);
        line[62] = '.';
        line[63] = '\n';
        for (size_t done = 0; done < sizeof line;) {
            ssize_t length = write(1, line + done, sizeof line - done);
            if (length < 0) return 1;
            done += (size_t)length;
        }
    }
    return 0;
}

/* Greets the first client that asks for it: one that only looks whether somebody listens says nothing and goes. */
static int accept_one(int listener) {
    for (;;) {
        char question;
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) return 1;
        if (read(connection, &question, 1) == 1) return send(connection, "hello\n", 6, MSG_NOSIGNAL) == 6 ? 0 : 1;
        close(connection);
    }
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char text[64];
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(client, (struct sockaddr *)&address, sizeof address) < 0) return 1;
    if (send(client, "?", 1, MSG_NOSIGNAL) != 1) return 1;
    ssize_t length = read(client, text, sizeof text);
    return length > 0 && write(1, text, (size_t)length) == length ? 0 : 1;
}

static int bind_and_leave(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address) == 0 ? 0 : 1;
}

/* Prints everything about the process that the shim decides. */
static int describe(void) {
    gid_t groups[64];
    uid_t user[3];
    gid_t group[3];
    struct rlimit files;
    struct sigaction pipe_action;
    getresuid(&user[0], &user[1], &user[2]);
    getresgid(&group[0], &group[1], &group[2]);
    printf("uid %u %u %u\ngid %u %u %u\ngroups", user[0], user[1], user[2], group[0], group[1], group[2]);
    int count = getgroups(64, groups);
    for (int i = 0; i < count; i++) printf(" %u", groups[i]);
    printf("\nno_new_privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    getrlimit(RLIMIT_NOFILE, &files);
    printf("nofile %llu %llu\n", (unsigned long long)files.rlim_cur, (unsigned long long)files.rlim_max);
    sigaction(SIGPIPE, NULL, &pipe_action);
    printf("sigpipe %s\n", pipe_action.sa_handler == SIG_DFL ? "default" : "other");
    for (char **variable = environ; *variable != NULL; variable++) {
        printf("environment %.*s\n", (int)strcspn(*variable, "="), *variable);
    }
    DIR *directory = opendir("/proc/self/fd");
    printf("descriptors");
    for (int number = 0; number < 1024; number++) {
        char path[64], target[256];
        snprintf(path, sizeof path, "/proc/self/fd/%d", number);
        ssize_t length = readlink(path, target, sizeof target - 1);
        if (length > 0 && number != dirfd(directory)) printf(" %d", number);
    }
    printf("\n");
    closedir(directory);
    return 0;
}

static int compare(const void *one, const void *other) {
    long long a = *(const long long *)one, b = *(const long long *)other;
    return (a > b) - (a < b);
}

static long long now_micros(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* Runs a command `runs` times and prints the time from its start until its first output. */
static int time_first_output(int runs, char **command) {
    static long long times[1000];
    for (int i = 0; i < runs && i < 1000; i++) {
        int ends[2];
        char text[256];
        if (pipe(ends) < 0) return 1;
        long long begin = now_micros();
        pid_t child = vfork();
        if (child == 0) {
            dup2(ends[1], 1);
            execv(command[0], command);
            _exit(127);
        }
        close(ends[1]);
        ssize_t length = read(ends[0], text, sizeof text);
        times[i] = now_micros() - begin;
        close(ends[0]);
        waitpid(child, NULL, 0);
        if (length < 6 || memcmp(text, "ready ", 6) != 0) return 1;
    }
    qsort(times, (size_t)runs, sizeof *times, compare);
    printf("  median %lld us, fastest %lld us, slowest %lld us\n", times[runs / 2], times[0], times[runs - 1]);
    return 0;
}

int main(int count, char **arguments) {
    const char *what = count > 1 ? arguments[1] : "";
    const char *value = count > 2 ? arguments[2] : "0";
    if (strcmp(what, "flood") == 0) return flood(atoll(value));
    if (strcmp(what, "accept") == 0) return accept_one(atoi(value));
    if (strcmp(what, "connect") == 0) return connect_to(value);
    if (strcmp(what, "bind") == 0) return bind_and_leave(value);
    if (strcmp(what, "describe") == 0) return describe();
    if (strcmp(what, "exit") == 0) return atoi(value);
    if (strcmp(what, "raise") == 0) return raise(atoi(value));
    if (strcmp(what, "time") == 0 && count > 3) return time_first_output(atoi(value), arguments + 3);
    if (strcmp(what, "wait") == 0) return pause();
    return 99;
}
