/* A service handles one request of its kind by plain blocking I/O, in a child process of its own.
 *
 * fd is one end of a socketpair; the agent's loop pumps the other end to and from the request's stream. Reading its end means
 * the host's FIN; returning means ours. A service writes its own replies (OK, ERROR, DATA) to fd. It is killed when the
 * stream is reset or the session dropped. Its other descriptors are 0 to 2 (/dev/null), its signals are at their defaults but
 * SIGPIPE, which is ignored. The result is the exit status, and means nothing to the host. */
#ifndef BANGER_SERVICE_H
#define BANGER_SERVICE_H

#include <stddef.h>
#include <stdint.h>

struct service {
    uint16_t kind;
    int (*run)(const uint8_t *body, size_t length, int fd);
};

/* Ends with kind 0. */
extern const struct service services[];

#endif
