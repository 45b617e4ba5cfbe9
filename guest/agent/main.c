/* banger-agent: /init of the guest, then its agent; the last step of its shutdown; or, with --serve, an ordinary process. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cgroup.h"
#include "channel.h"
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

static void open_virtio(void) {
    uint64_t end = clock_boottime() + CHANNEL_LIMIT;
    int fd;
    /* The driver makes ports in a work queue, some moments after its module was loaded. */
    while ((fd = channel_open_port()) < 0 && clock_boottime() < end) usleep(500);
    if (fd < 0) fatal("cannot open the virtio-serial port dev.banger.agent: %s", strerror(errno));
    int error = channel_use_port(fd);
    if (error != 0) fatal("cannot watch the virtio-serial port: %s", strerror(error));
}

static void open_vsock(void) {
    int fd = channel_listen_vsock();
    if (fd < 0) fatal("cannot listen on vsock port %d: %s", CHANNEL_PORT, strerror(errno));
    int error = channel_use_listener(fd, true);
    if (error != 0) fatal("cannot watch the vsock port: %s", strerror(error));
}

static void open_channel(void) {
    char kind[32] = "";
    kernel_argument("banger.channel", kind, sizeof kind);
    if (strcmp(kind, "virtio") == 0) {
        open_virtio();
    } else if (strcmp(kind, "vsock") == 0) {
        open_vsock();
    } else {
        fatal("the kernel argument banger.channel is '%s', neither virtio nor vsock", kind);
    }
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
    modules_load();
    machine_mark("modules");
    start_loop();
    open_channel();
    machine_mark("channel");
    struct utsname system = {0};
    uname(&system);
    console_line("hello protocol=1 kernel=%s", system.release);
    loop_run(channel_settle);
}

static void run_server(const char *path, bool root) {
    users_switch = root && geteuid() == 0;
    process_fill_standard();
    start_loop();
    int fd = channel_listen_unix(path);
    int error = fd < 0 ? errno : channel_use_listener(fd, false);
    if (error != 0) fatal("cannot listen on %s: %s", path, strerror(error));
    machine_mark("channel");
    loop_run(channel_settle);
}

int main(int argc, char **argv) {
    const char *name = strrchr(argv[0], '/') == NULL ? argv[0] : strrchr(argv[0], '/') + 1;
    if (getpid() == 1 && strcmp(name, "shutdown") == 0) power_finish_shutdown(argc > 1 ? argv[1] : "poweroff");
    if (argc >= 3 && strcmp(argv[1], "--serve") == 0) run_server(argv[2], argc > 3 && strcmp(argv[3], "--root") == 0);
    if (getpid() == 1 && strcmp(name, "init") == 0) run_init(argv);
    fprintf(stderr, "usage: banger-agent --serve SOCKET [--root]\n"
                    "As /init of an initramfs it is the first process of a guest (see guest/PROTOCOL.md).\n");
    return 2;
}
