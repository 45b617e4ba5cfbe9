#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "loop.h"
#include "mounts.h"
#include "nics.h"
#include "process.h"
#include "title.h"

#define SHUTDOWN "/run/initramfs/shutdown"

const char *init_find(void) {
    static const char *const paths[] = {"/sbin/init", "/lib/systemd/systemd", "/usr/lib/systemd/systemd"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct stat status;
        if (stat(paths[i], &status) == 0 && S_ISREG(status.st_mode) && access(paths[i], X_OK) == 0) return paths[i];
    }
    return NULL;
}

static bool exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

static void write_text(struct configuration *configuration, const char *path, const char *text) {
    int error = files_write(path, text, strlen(text), 0644, 0, 0);
    if (error != 0) configuration_warn(configuration, "cannot write %s: %s", path, strerror(error));
}

/* systemd ends a machine by a program in /run/initramfs, if there is one: so the agent is there at the very end, to unmount
 * everything and to say goodbye. */
static void put_shutdown(struct configuration *configuration) {
    int error = mounts_make_directory("/run/initramfs", 0755);
    int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int out = error == 0 ? open(SHUTDOWN, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700) : -1;
    if (error == 0 && (in < 0 || out < 0)) error = errno;
    struct stat status = {0};
    if (error == 0 && fstat(in, &status) != 0) error = errno;
    while (error == 0 && status.st_size > 0) {
        ssize_t sent = sendfile(out, in, NULL, (size_t)status.st_size);
        if (sent <= 0) error = sent < 0 ? errno : EIO;
        if (sent > 0) status.st_size -= sent;
    }
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    if (error != 0) configuration_warn(configuration, "cannot make %s: %s", SHUTDOWN, strerror(error));
}

static void leave_link_alone(struct configuration *configuration, const struct nic *nic) {
    char name[IF_NAMESIZE], mac[18], path[128], text[512];
    const uint8_t *m = nic->mac;
    if (nics_find(m, name) == 0) return;
    snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    if (exists("/lib/systemd/systemd-networkd") || exists("/usr/lib/systemd/systemd-networkd")) {
        snprintf(path, sizeof path, "/run/systemd/network/00-banger-%s.network", name);
        snprintf(text, sizeof text, "[Match]\nMACAddress=%s\n\n[Link]\nUnmanaged=yes\nRequiredForOnline=no\n", mac);
        write_text(configuration, path, text);
    }
    if (exists("/usr/sbin/NetworkManager")) {
        snprintf(path, sizeof path, "/run/NetworkManager/conf.d/00-banger-%s.conf", name);
        snprintf(text, sizeof text, "[device-banger-%s]\nmatch-device=mac:%s\nmanaged=0\n", name, mac);
        write_text(configuration, path, text);
    }
    /* ifup takes a link that its state says is up for done. */
    if (exists("/etc/network/interfaces")) {
        snprintf(path, sizeof path, "/run/network/ifstate.%s", name);
        snprintf(text, sizeof text, "%s\n", name);
        write_text(configuration, path, text);
        snprintf(text, sizeof text, "%s=%s\n", name, name);
        write_text(configuration, exists("/etc/alpine-release") ? "/run/ifstate" : "/run/network/ifstate", text);
    }
}

/* The console's getty waits for no udev device, as the serial one does. Who reaches the line owns the VM: no password. */
static void put_getty(struct configuration *configuration) {
    static const char *const units[] = {"/lib/systemd/system/console-getty.service", "/usr/lib/systemd/system/console-getty.service"};
    const char *unit = exists(units[0]) ? units[0] : units[1];
    const char *wants = "/run/systemd/system/getty.target.wants";
    if (!exists(unit) || !exists("/sbin/agetty")) return;
    write_text(configuration, "/run/systemd/system/console-getty.service.d/banger.conf",
        "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --noclear --keep-baud - 115200,38400,9600 vt220\n");
    int error = mounts_make_directory(wants, 0755);
    if (error == 0 && symlink(unit, "/run/systemd/system/getty.target.wants/console-getty.service") != 0) error = errno;
    if (error != 0 && error != EEXIST) configuration_warn(configuration, "cannot start a getty: %s", strerror(error));
}

void init_prepare(struct configuration *configuration) {
    for (size_t i = 0; i < configuration->nic_count; i++) leave_link_alone(configuration, &configuration->nics[i]);
    if (!exists("/lib/systemd/systemd") && !exists("/usr/lib/systemd/systemd")) return;
    put_shutdown(configuration);
    int error = mounts_make_directory("/run/systemd/system", 0755);
    if (error == 0 && symlink("/dev/null", "/run/systemd/system/serial-getty@ttyS0.service") != 0) error = errno;
    if (error != 0 && error != EEXIST) {
        configuration_warn(configuration, "cannot mask serial-getty@ttyS0: %s", strerror(error));
    }
    put_getty(configuration);
}

static void become_init(const char *path) {
    static char *const environment[] = {"HOME=/", "TERM=linux", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    char *const arguments[] = {(char *)path, NULL};
    loop_leave();
    int console = open("/dev/console", O_RDWR | O_NOCTTY);
    for (int i = 0; console >= 0 && i < 3; i++) dup2(console, i);
    if (console > 2) close(console);
    execve(path, arguments, environment);
    fatal("cannot execute %s: %s", path, strerror(errno));
}

int init_start(const char *path) {
    pid_t pid = fork();
    if (pid < 0) return errno;
    if (pid > 0) become_init(path);
    setsid();
    /* Not to go with a `kill -1`, or at the beginning of a shutdown. */
    signal(SIGTERM, SIG_IGN);
    title_set("@banger-agent");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    process_write_text("/proc/self/oom_score_adj", "-1000");
    return 0;
}
