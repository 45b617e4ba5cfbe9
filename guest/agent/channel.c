#include "channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"
#include "session.h"

/* A port without a host is looked at after these pauses (the driver's own wake-up usually comes first). */
#define PAUSE_FIRST (10 * MILLISECONDS)
#define PAUSE_LAST (500 * MILLISECONDS)

enum { INPUT = 65536, OUTPUT = 65536, ROUNDS = 8 };

static void port_ready(struct watch *watch, uint32_t events);
static void listener_ready(struct watch *watch, uint32_t events);
static void pause_over(struct timer *timer);

static struct watch line = {.fd = -1, .ready = port_ready}; /* the port, or the connection; -1: none */
static struct watch listener = {.fd = -1, .ready = listener_ready};
static bool listener_is_vsock;
static struct timer pause_timer = {.fire = pause_over};
static uint64_t pause_length = PAUSE_FIRST;
static bool idle; /* the port has no host */

static uint8_t input[INPUT];
static size_t input_start, input_length;
static uint8_t output[OUTPUT];
static size_t output_start, output_length;

static void discard_buffers(void) {
    input_start = input_length = 0;
    output_start = output_length = 0;
}

static void host_gone(void) {
    session_lost();
    discard_buffers();
    if (listener.fd >= 0) {
        loop_close(&line);
        return;
    }
    idle = true;
    loop_watch(&line, EPOLLIN | EPOLLET);
    timer_set(&pause_timer, pause_length);
    if (pause_length < PAUSE_LAST) pause_length = pause_length * 2 < PAUSE_LAST ? pause_length * 2 : PAUSE_LAST;
}

static void digest(void) {
    size_t read = session_input(input + input_start, input_length);
    if (session_renewed()) output_start = output_length = 0;
    input_start += read;
    input_length -= read;
}

/* One read; what the session cannot take yet stays here, and nothing more is read until it could. */
static void receive(void) {
    if (input_length == 0) {
        ssize_t got = read(line.fd, input, sizeof input);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            host_gone();
            return;
        }
        input_start = 0;
        input_length = (size_t)got;
        pause_length = PAUSE_FIRST;
        if (idle) {
            idle = false;
            timer_cancel(&pause_timer);
        }
    }
    digest();
}

static void port_ready(struct watch *watch, uint32_t events) {
    (void)watch;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive();
}

/* The first read of a port whose host came back gives bytes, or EAGAIN (it is there, but silent), or an end (still gone). */
static void pause_over(struct timer *timer) {
    (void)timer;
    struct pollfd poll_port = {.fd = line.fd, .events = POLLIN};
    if (poll(&poll_port, 1, 0) >= 0 && (poll_port.revents & POLLHUP) == 0) {
        idle = false;
        return;
    }
    receive();
}

/* True while the channel takes more. */
static bool send_some(void) {
    if (output_length == 0) {
        output_start = 0;
        output_length = session_output(output, sizeof output);
        if (output_length == 0) return false;
    }
    ssize_t sent = write(line.fd, output + output_start, output_length);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) host_gone();
        return false;
    }
    output_start += (size_t)sent;
    output_length -= (size_t)sent;
    return true;
}

void channel_settle(void) {
    bool more = true;
    for (int round = 0; more && round < ROUNDS && line.fd >= 0 && !idle; round++) {
        more = send_some();
        size_t waiting = input_length;
        if (waiting > 0) digest();
        if (input_length < waiting) more = true;
    }
    if (line.fd < 0 || idle) return;
    /* After the last round there may be more to send: the loop comes back to it when everyone else had their turn. */
    bool sending = more || output_length > 0;
    loop_watch(&line, (input_length == 0 ? (uint32_t)EPOLLIN : 0) | (sending ? (uint32_t)EPOLLOUT : 0));
}

void channel_flush(int milliseconds) {
    uint64_t end = clock_boottime() + (uint64_t)milliseconds * MILLISECONDS;
    while (line.fd >= 0 && !idle && clock_boottime() < end) {
        if (send_some()) continue;
        if (line.fd < 0 || idle || output_length == 0) return;
        struct pollfd poll_line = {.fd = line.fd, .events = POLLOUT};
        poll(&poll_line, 1, 10);
    }
}

int channel_use_port(int fd) {
    line.fd = fd;
    return loop_watch(&line, EPOLLIN);
}

int channel_use_listener(int fd, bool vsock) {
    listener.fd = fd;
    listener_is_vsock = vsock;
    return loop_watch(&listener, EPOLLIN);
}

static void listener_ready(struct watch *watch, uint32_t events) {
    (void)events;
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int fd = accept4(watch->fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (listener_is_vsock && ((struct sockaddr_vm *)&peer)->svm_cid != CHANNEL_HOST) {
        close(fd);
        return;
    }
    if (line.fd >= 0) host_gone();
    line.fd = fd;
    if (loop_watch(&line, EPOLLIN) != 0) loop_close(&line);
}

int channel_listen_vsock(void) {
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_port = CHANNEL_PORT, .svm_cid = VMADDR_CID_ANY};
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int channel_listen_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    unlink(path);
    mode_t mask = umask(0177);
    int error = bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4) != 0 ? errno : 0;
    umask(mask);
    if (error == 0) return fd;
    close(fd);
    errno = error;
    return -1;
}

/* Whether /sys/class/virtio-ports/NODE/name is ours. */
static bool is_our_port(const char *node) {
    char path[512], name[64] = "";
    snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", node);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t length = read(fd, name, sizeof name - 1);
    close(fd);
    return length > 0 && strcmp(name, "dev.banger.agent\n") == 0;
}

int channel_open_port(void) {
    DIR *ports = opendir("/sys/class/virtio-ports");
    if (ports == NULL) return -1;
    int fd = -1;
    int error = ENOENT;
    for (struct dirent *entry; fd < 0 && (entry = readdir(ports)) != NULL;) {
        if (entry->d_name[0] == '.' || !is_our_port(entry->d_name)) continue;
        char path[512];
        snprintf(path, sizeof path, "/dev/%s", entry->d_name);
        fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) error = errno;
    }
    closedir(ports);
    errno = error;
    return fd;
}
