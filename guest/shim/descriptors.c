#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

int own_descriptor(int descriptor) {
    if (descriptor < 0) return -1;
    int own = fcntl(descriptor, F_DUPFD_CLOEXEC, OWN_DESCRIPTORS);
    int error = errno;
    close(descriptor);
    errno = error;
    return own;
}

bool open_place(struct place *place, const char *path, const char *code, struct failure *failure) {
    char directory[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    place->name = slash == NULL ? path : slash + 1;
    if (length >= sizeof directory) return failed(failure, code, "path is longer than %zu bytes", sizeof directory);
    if (*place->name == 0 || strcmp(place->name, ".") == 0 || strcmp(place->name, "..") == 0) {
        return failed(failure, code, "'%s' names no file", path);
    }
    if (slash == NULL) {
        strcpy(directory, ".");
    } else if (length == 0) {
        strcpy(directory, "/");
    } else {
        memcpy(directory, path, length);
        directory[length] = 0;
    }
    place->directory = own_descriptor(open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
    return place->directory >= 0 || failed_errno(failure, code, "cannot open directory %s", directory);
}

/* Whether a server still accepts at the address: a socket file that refuses was left by a dead one. */
static bool answers(const struct sockaddr_un *address) {
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client < 0) return true;
    bool refused = connect(client, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    close(client);
    return !refused;
}

static int bind_with_mode(int socket, const struct sockaddr_un *address, int mode) {
    mode_t before = umask(0777 & ~(mode_t)mode);
    int result = bind(socket, (const struct sockaddr *)address, sizeof *address);
    umask(before);
    return result;
}

static bool bind_socket(int socket, const struct handover *handover, struct failure *failure) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    strcpy(address.sun_path, handover->path);
    if (bind_with_mode(socket, &address, handover->mode) == 0) return true;
    if (errno != EADDRINUSE) return failed_errno(failure, "listen", "cannot listen on %s", handover->path);
    if (lstat(handover->path, &status) < 0 || !S_ISSOCK(status.st_mode)) {
        return failed(failure, "listen", "cannot listen on %s: a file that is no socket is there", handover->path);
    }
    if (answers(&address)) {
        return failed(failure, "listen", "cannot listen on %s: another program is listening there", handover->path);
    }
    if (unlink(handover->path) == 0 && bind_with_mode(socket, &address, handover->mode) == 0) return true;
    return failed_errno(failure, "listen", "cannot replace the stale socket %s", handover->path);
}

static bool start_listening(struct handover *handover, struct failure *failure) {
    struct stat status;
    size_t limit = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strlen(handover->path) > limit) {
        return failed(failure, "listen", "the socket path has %zu bytes, at most %zu are possible: %s",
                          strlen(handover->path), limit, handover->path);
    }
    struct place place;
    if (!open_place(&place, handover->path, "listen", failure)) return false;
    handover->source = own_descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (handover->source < 0) {
        failed_errno(failure, "listen", "cannot make a socket for %s", handover->path);
    } else if (bind_socket(handover->source, handover, failure)) {
        handover->place = place; /* from here on there is a file to remove */
        if (fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
            return failed_errno(failure, "listen", "cannot find the socket %s again", handover->path);
        }
        handover->device = status.st_dev;
        handover->inode = status.st_ino;
        return listen(handover->source, BACKLOG) == 0 ||
                   failed_errno(failure, "listen", "cannot listen on %s", handover->path);
    }
    close(place.directory);
    return false;
}

/* A tap that is there: one that is not would be made by the same call, so it is looked for first. */
static bool attach_tap(struct handover *handover, struct failure *failure) {
    char place[sizeof "/sys/class/net//tun_flags" + IFNAMSIZ];
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    snprintf(place, sizeof place, "/sys/class/net/%s/tun_flags", handover->path);
    if (access(place, F_OK) < 0) return failed_errno(failure, "tap", "there is no tap device %s", handover->path);
    strcpy(request.ifr_name, handover->path);
    handover->source = own_descriptor(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (handover->source < 0) return failed_errno(failure, "tap", "cannot open /dev/net/tun");
    return ioctl(handover->source, TUNSETIFF, &request) == 0 ||
                 failed_errno(failure, "tap", "cannot attach to the tap device %s", handover->path);
}

static bool open_pair(struct handover *handover, struct failure *failure) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        return failed_errno(failure, "carrier", "cannot make a pair of sockets");
    }
    handover->source = own_descriptor(ends[0]);
    handover->carrier = own_descriptor(ends[1]);
    return (handover->source >= 0 && handover->carrier >= 0) ||
               failed_errno(failure, "carrier", "cannot set up a pair of sockets");
}

bool open_handover(struct handover *handover, struct failure *failure) {
    if (handover->kind == LISTENING) return start_listening(handover, failure);
    if (handover->kind == TAP) return attach_tap(handover, failure);
    if (handover->kind == CARRIED) return open_pair(handover, failure);
    /* O_NONBLOCK: a FIFO without a peer must not hold up the start. */
    handover->source = own_descriptor(open(handover->path, handover->mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (handover->source < 0) {
        return failed_errno(failure, "open", "cannot open %s %s", handover->path,
                                handover->mode == O_RDWR ? "for reading and writing" : "for reading");
    }
    int flags = fcntl(handover->source, F_GETFL);
    return (flags >= 0 && fcntl(handover->source, F_SETFL, flags & ~O_NONBLOCK) == 0) ||
                 failed_errno(failure, "open", "cannot make %s blocking", handover->path);
}

void remove_socket(struct handover *handover) {
    struct stat status;
    if (handover->place.directory < 0) return;
    if (fstatat(handover->place.directory, handover->place.name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            status.st_dev == handover->device && status.st_ino == handover->inode) {
        unlinkat(handover->place.directory, handover->place.name, 0);
    }
    close(handover->place.directory);
    handover->place.directory = -1;
}
