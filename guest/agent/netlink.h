/* Requests to the kernel by rtnetlink, one at a time: built, sent, answered. */
#ifndef BANGER_NETLINK_H
#define BANGER_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

struct netlink_request {
    struct nlmsghdr header;
    union {
        struct ifinfomsg link;
        struct ifaddrmsg address;
        struct rtmsg route;
        struct ndmsg neighbour;
        uint8_t room[512];
    } body;
};

/* A socket, or -1 and errno. */
int netlink_open(void);

/* Begins a request with a fixed part of so many bytes, zeroed. */
void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, size_t fixed);

/* Appends an attribute; what does not fit is left out (no attribute used here is that long). */
void netlink_attribute(struct netlink_request *request, uint16_t type, const void *data, size_t length);

/* Sends it and waits for the acknowledgement. 0 or errno. */
int netlink_do(int fd, struct netlink_request *request);

/* Sends a dump request and calls each for every message of the answer. 0 or errno. */
int netlink_dump(int fd, struct netlink_request *request, void (*each)(const struct nlmsghdr *message, void *context), void *context);

#endif
