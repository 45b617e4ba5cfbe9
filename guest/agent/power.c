#include "power.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "channel.h"
#include "configuration.h"
#include "exec.h"
#include "loop.h"
#include "machine.h"
#include "process.h"

/* systemd's SIGRTMIN is glibc's. */
enum { SYSTEMD_POWER_OFF = 34 + 4, SYSTEMD_REBOOT = 34 + 5 };
enum { MOUNTS = 256 };

/* How long processes may take to vanish after SIGKILL. */
#define KILL_LIMIT (5 * SECONDS)
#define ASK_AGAIN (500 * MILLISECONDS)

static void grace_over(struct timer *timer);
static void kill_over(struct timer *timer);
static struct timer grace_timer = {.fire = grace_over};
static struct timer term_timer;
static void ask_due(struct timer *timer);
static struct timer ask_timer = {.fire = ask_due};
static bool rebooting;

/* The targets below a prefix, the latest first. Returns their count. */
static size_t list_mounts(const char *prefix, char *targets[MOUNTS]) {
    FILE *file = fopen("/proc/self/mounts", "re");
    if (file == NULL) return 0;
    char line[8192], target[4097];
    size_t count = 0;
    while (count < MOUNTS && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%*s %4096s", target) != 1 || strncmp(target, prefix, strlen(prefix)) != 0) continue;
        targets[count] = strdup(target);
        if (targets[count] != NULL) count++;
    }
    fclose(file);
    for (size_t i = 0; i < count / 2; i++) {
        char *other = targets[count - 1 - i];
        targets[count - 1 - i] = targets[i];
        targets[i] = other;
    }
    return count;
}

/* Overlays before the layers below them, which come first in the list of mounts. */
static void make_read_only(void) {
    char *targets[MOUNTS];
    size_t count = list_mounts("/", targets);
    for (size_t i = 0; i < count; i++) mount(NULL, targets[i], NULL, MS_REMOUNT | MS_RDONLY, NULL);
    sync();
}

/* Moved mounts stand in the list before what they are mounted on: what is busy now may be free in the next round. */
static bool unmount_some(const char *prefix) {
    char *targets[MOUNTS];
    size_t count = list_mounts(prefix, targets);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        any |= umount2(targets[i], 0) == 0;
        free(targets[i]);
    }
    return any;
}

static void end_machine(bool reboot_wanted) {
    char vmm[32] = "";
    bool firecracker = kernel_argument("banger.vmm", vmm, sizeof vmm) && strcmp(vmm, "firecracker") == 0;
    console_line("goodbye %s", reboot_wanted ? "reboot" : "poweroff");
    /* Firecracker knows no power-off: for it the machine ends by a reset. */
    reboot(reboot_wanted || firecracker ? (int)LINUX_REBOOT_CMD_RESTART : (int)LINUX_REBOOT_CMD_POWER_OFF);
    for (;;) pause();
}

void power_end_now(bool reboot_wanted) {
    exec_flush_entrypoint();
    sync();
    make_read_only();
    end_machine(reboot_wanted);
    for (;;) pause();
}

void power_finish_shutdown(const char *action) {
    console_is_ours = true;
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) continue;
    sync();
    while (unmount_some("/oldroot")) continue;
    power_end_now(strcmp(action, "reboot") == 0 || strcmp(action, "kexec") == 0);
}

/* As pid 1 everything that runs is a descendant: without children nothing is left. */
static void end_when_alone(void) {
    if (getpid() != 1) return;
    if (waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD) power_end_now(rebooting);
}

/* Once the image's own program has ended, or when there is none. */
static void end_others(void) {
    static bool asked;
    if (exec_entrypoint_runs()) return;
    if (!asked) {
        kill(-1, SIGTERM);
        kill(-1, SIGCONT);
    }
    asked = true;
    end_when_alone();
}

static void kill_over(struct timer *timer) {
    (void)timer;
    power_end_now(rebooting);
}

static void grace_over(struct timer *timer) {
    kill(-1, SIGKILL);
    if (getpid() != 1) power_end_now(rebooting);
    timer->fire = kill_over;
    timer_set(timer, KILL_LIMIT);
}

static bool init_is_systemd(void) {
    return access("/run/systemd/system", F_OK) == 0;
}

static void term_due(struct timer *timer) {
    (void)timer;
    if (!init_is_systemd()) kill(1, SIGTERM);
}

/* A signal that comes before init has set its handlers is lost, and systemd shows only when it has begun: so it is asked again
 * and again. One that ends already does not mind. */
static void ask_due(struct timer *timer) {
    int off = init_is_systemd() ? SYSTEMD_POWER_OFF : SIGUSR2;
    int again = init_is_systemd() ? SYSTEMD_REBOOT : SIGTERM;
    kill(1, rebooting ? again : off);
    timer_set(timer, ASK_AGAIN);
}

/* An init that knows no systemd signal: busybox's powers off by SIGUSR2 and reboots by SIGTERM. It ends by a SIGTERM to all.
 * The signal is blocked but while the loop waits: nothing is interrupted. */
static void on_term(int signal) {
    (void)signal;
    power_end_now(rebooting);
}

static void ask_init(uint64_t grace) {
    ask_due(&ask_timer);
    if (init_is_systemd()) return;
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    signal(SIGTERM, on_term);
    term_timer.fire = term_due;
    timer_set(&term_timer, grace / 2);
}

void power_end_process(bool reboot_wanted) {
    channel_flush(1000);
    exit(reboot_wanted ? POWER_STATUS_REBOOT : POWER_STATUS_OFF);
}

void power_begin(bool reboot_wanted, uint32_t grace_milliseconds) {
    rebooting = reboot_wanted;
    machine_stopping();
    channel_flush(1000);
    uint64_t grace = grace_milliseconds * MILLISECONDS;
    timer_set(&grace_timer, grace);
    if (getpid() != 1) {
        ask_init(grace);
        return;
    }
    if (exec_entrypoint_runs()) exec_stop_entrypoint();
    loop_reaped = end_others;
    end_others();
}
