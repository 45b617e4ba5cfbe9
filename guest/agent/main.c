/* banger-agent: /init of the guest, then its agent; the last step of its shutdown; or, with --serve, an ordinary process. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cgroup.h"
#include "channel.h"
#include "disks.h"
#include "exec.h"
#include "loop.h"
#include "machine.h"
#include "modules.h"
#include "mounts.h"
#include "power.h"
#include "process.h"
#include "request.h"
#include "session.h"
#include "title.h"
#include "user.h"

/* How long the channel's device may take to appear. */
#define CHANNEL_LIMIT (30 * SECONDS)

static void start_loop(void) {
    int error = loop_start();
    if (error != 0) fatal("cannot start the loop: %s", strerror(error));
    loop_reaped = cgroup_sweep;
    session_start(request_accepted);
}

/* Tries until it succeeds, whenever the kernel has found a device or a driver. -1 and errno after the limit. */
static int open_when_there(int (*attempt)(void), int devices) {
    uint64_t end = clock_boottime() + CHANNEL_LIMIT;
    for (;;) {
        int fd = attempt();
        if (fd >= 0 || clock_boottime() > end) return fd;
        struct pollfd event = {.fd = devices, .events = POLLIN};
        poll(&event, 1, devices < 0 ? 1 : 100);
        char text[8192];
        while (devices >= 0 && read(devices, text, sizeof text) > 0) continue;
    }
}

static void open_virtio(int devices) {
    char missing[128];
    modules_missing(missing, sizeof missing);
    if (missing[0] != 0) fatal("the kernel has no %s, neither built in nor as a module: give it with `banger kernel register --modules`", missing);
    int fd = open_when_there(channel_open_port, devices);
    if (fd < 0) fatal("cannot open the virtio-serial port dev.banger.agent: %s", strerror(errno));
    int error = channel_use_port(fd);
    if (error != 0) fatal("cannot watch the virtio-serial port: %s", strerror(error));
}

static void open_vsock(int devices) {
    int fd = open_when_there(channel_listen_vsock, devices);
    if (fd < 0) fatal("cannot listen on vsock port %d: %s", CHANNEL_PORT, strerror(errno));
    int error = channel_use_listener(fd, true);
    if (error != 0) fatal("cannot watch the vsock port: %s", strerror(error));
}

static void open_channel(int devices) {
    char kind[32] = "";
    kernel_argument("banger.channel", kind, sizeof kind);
    if (strcmp(kind, "virtio") == 0) {
        open_virtio(devices);
    } else if (strcmp(kind, "vsock") == 0) {
        open_vsock(devices);
    } else {
        fatal("the kernel argument banger.channel is '%s', neither virtio nor vsock", kind);
    }
}

/* What waits for the host does not wait for nothing. */
static void settle(void) {
    channel_settle();
    machine_look_ahead();
}

static void run_init(char **argv) {
    mounts_begin();
    process_fill_standard();
    machine_mark("init");
    title_begin(argv);
    console_is_ours = true;
    cgroup_enabled = true;
    machine_is_guest = true;
    umask(022);
    reboot(RB_DISABLE_CAD);
    int devices = disks_watch();
    modules_load();
    machine_mark("modules");
    start_loop();
    open_channel(devices);
    if (devices >= 0) close(devices);
    machine_mark("channel");
    struct utsname system = {0};
    uname(&system);
    console_line("hello protocol=1 kernel=%s", system.release);
    loop_run(settle);
}

static const char *server_path; /* NULL: somebody else listens for us */

/* The signal is blocked but while the loop waits: nothing is interrupted. */
static void end_server(int number) {
    (void)number;
    if (server_path != NULL) unlink(server_path);
    session_lost();
    exit(0);
}

/* `fd:N`: who started us listens there, and we are its whole machine. */
static int inherited_listener(const char *name) {
    char *end;
    long fd = strncmp(name, "fd:", 3) == 0 ? strtol(name + 3, &end, 10) : -1;
    if (fd < 3 || fd > 1023 || *end != 0 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0) return -1;
    machine_is_process = true;
    return fcntl((int)fd, F_SETFL, O_NONBLOCK) == 0 ? (int)fd : -1;
}

static void run_server(const char *path, bool root) {
    users_switch = root && geteuid() == 0;
    process_fill_standard();
    start_loop();
    int fd = inherited_listener(path);
    if (fd < 0) server_path = path;
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    signal(SIGTERM, end_server);
    if (fd < 0) fd = channel_listen_unix(path);
    int error = fd < 0 ? errno : channel_use_listener(fd, false);
    if (error != 0) fatal("cannot listen on %s: %s", path, strerror(error));
    machine_mark("channel");
    loop_run(channel_settle);
}

static void serve(int count, char **words) {
    bool root = false;
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--root") == 0) root = true;
        if (strcmp(words[i], "--lifetime") == 0 && i + 1 < count) exec_lifetime = strtoul(words[i + 1], NULL, 10) * SECONDS;
    }
    run_server(words[0], root);
}

int main(int argc, char **argv) {
    const char *name = strrchr(argv[0], '/') == NULL ? argv[0] : strrchr(argv[0], '/') + 1;
    if (getpid() == 1 && strcmp(name, "shutdown") == 0) power_finish_shutdown(argc > 1 ? argv[1] : "poweroff");
    if (argc >= 3 && strcmp(argv[1], "--serve") == 0) serve(argc - 2, argv + 2);
    if (getpid() == 1 && strcmp(name, "init") == 0) run_init(argv);
    fprintf(stderr, "usage: banger-agent --serve SOCKET|fd:N [--root] [--lifetime SECONDS]\n"
                    "As /init of an initramfs it is the first process of a guest (see guest/PROTOCOL.md).\n");
    return 2;
}
