#include "netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER = 32768 };

int netlink_open(void) {
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) return -1;
    /* The kernel answers while it takes the request; a limit all the same. */
    struct timeval limit = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
}

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, size_t fixed) {
    memset(request, 0, sizeof *request);
    request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(fixed);
    request->header.nlmsg_type = type;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    request->header.nlmsg_seq = 1;
}

void netlink_attribute(struct netlink_request *request, uint16_t type, const void *data, size_t length) {
    size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
    if (at + RTA_SPACE(length) > sizeof *request) return;
    struct rtattr attribute = {.rta_len = (uint16_t)RTA_LENGTH(length), .rta_type = type};
    uint8_t *bytes = (uint8_t *)request + at;
    memcpy(bytes, &attribute, sizeof attribute);
    memcpy(bytes + sizeof attribute, data, length);
    request->header.nlmsg_len = (uint32_t)(at + RTA_LENGTH(length));
}

/* Reads answers until the last; each may be NULL. */
static int read_answers(int fd, void (*each)(const struct nlmsghdr *, void *), void *context) {
    static uint8_t answer[ANSWER] __attribute__((aligned(NLMSG_ALIGNTO)));
    for (;;) {
        ssize_t length = recv(fd, answer, sizeof answer, 0);
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) return errno == EAGAIN ? ETIMEDOUT : errno;
        int left = (int)length;
        for (struct nlmsghdr *message = (struct nlmsghdr *)answer; NLMSG_OK(message, (uint32_t)left); message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == NLMSG_DONE) return 0;
            if (message->nlmsg_type == NLMSG_ERROR) return -((struct nlmsgerr *)NLMSG_DATA(message))->error;
            if (each != NULL) each(message, context);
        }
    }
}

static int send_request(int fd, const struct netlink_request *request) {
    return send(fd, request, request->header.nlmsg_len, 0) < 0 ? errno : 0;
}

int netlink_do(int fd, struct netlink_request *request) {
    request->header.nlmsg_flags |= NLM_F_ACK;
    int error = send_request(fd, request);
    return error != 0 ? error : read_answers(fd, NULL, NULL);
}

int netlink_dump(int fd, struct netlink_request *request, void (*each)(const struct nlmsghdr *, void *), void *context) {
    request->header.nlmsg_flags |= NLM_F_DUMP;
    int error = send_request(fd, request);
    return error != 0 ? error : read_answers(fd, each, context);
}
