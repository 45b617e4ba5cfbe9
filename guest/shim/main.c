/*
 * banger-shim: one a VM. Starts the VMM with less rights than it has itself, keeps its output in files of limited size
 * and writes down how it ended, while the daemon comes and goes. PROTOCOL.md, section 9.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "supervise.h"

/* Nothing that the caller has open by accident may live as long as the VM. */
static void close_inherited(void) {
    if (syscall(SYS_close_range, 3, ~0u, 0) == 0) return;
    long limit = sysconf(_SC_OPEN_MAX);
    for (int descriptor = 3; descriptor < limit; descriptor++) close(descriptor);
}

/* Moves stdout to a descriptor of the shim's own, and makes 0, 1 and 2 harmless. */
static int take_report(struct failure *failure) {
    int report = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, OWN_DESCRIPTORS);
    int null = open("/dev/null", O_RDWR);
    if (report < 0 || null < 0) {
        failed_errno(failure, "start", "cannot set up the standard descriptors");
        return STDOUT_FILENO;
    }
    for (int i = 0; i < 3; i++) dup2(null, i);
    if (null > 2) close(null);
    return report;
}

/* A leader of a process group cannot call setsid: it joins its parent's group first. */
static bool begin_session(struct failure *failure) {
    if (getsid(0) == getpid() || setsid() >= 0) return true;
    return (setpgid(0, getpgid(getppid())) == 0 && setsid() >= 0) || failed_errno(failure, "start", "cannot begin a session");
}

static void report(int descriptor, const char *text) {
    /* A caller that has gone finds the start in DIR/vmm. */
    if (write(descriptor, text, strlen(text)) < 0) errno = 0;
    close(descriptor);
}

int main(int count, char **arguments) {
    static struct shim shim = {.directory = {.directory = -1}, .input = {-1, -1}, .exit_record = -1, .signals = -1};
    struct failure failure = {.code = ""};
    char line[sizeof failure + 16];
    if (count == 2 && strcmp(arguments[1], "--probe-kvm") == 0) return probe_kvm();
    close_inherited();
    int reporter = take_report(&failure);
    bool started = *failure.code == 0 && parse_options(&shim.options, arguments + 1, &failure) &&
                         begin_session(&failure) && start_program(&shim, line, sizeof line, &failure);
    if (!started) snprintf(line, sizeof line, "error %s %s\n", failure.code, failure.message);
    report(reporter, line);
    if (!started) return 1;
    return watch_program(&shim, &failure) ? 0 : 1;
}
