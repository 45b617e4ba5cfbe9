/* The end of a machine with the program that it is there for. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* An agent that is its whole machine, and forgets soon. */
static pid_t startMachine(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    check(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 4) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (listener != 9 && dup2(listener, 9) < 0) _exit(127);
        execl(getenv("AGENT"), "banger-agent", "--serve", "fd:9", "--lifetime", "1", NULL);
        _exit(127);
    }
    close(listener);
    return pid;
}

static void aMachineEndsOnceItsPurposeIsForgottenForItsAge(void) {
    const char *const argv[] = {"/bin/sleep", "1000", NULL};
    char path[64];
    struct client machine = {0};
    uint8_t id[16];
    int status;
    snprintf(path, sizeof path, "/tmp/banger-purpose-%d", getpid());
    pid_t pid = startMachine(path);
    client_connect(&machine, path);
    configure_empty(&machine);
    random_id(id);
    struct reply reply = exec_begin(&machine, id, argv, 2 | 4);
    check(reply.kind == WIRE_OK);
    reply_free(&reply);
    client_close(&machine);
    check(waitpid(pid, &status, 0) == pid);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    unlink(path);
}

int main(void) {
    run_test(aMachineEndsOnceItsPurposeIsForgottenForItsAge);
    return 0;
}
