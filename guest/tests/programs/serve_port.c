/* Listens on loopback (TCP, TCP over IPv6 where there is IPv6, UDP), prints the three ports, and waits. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned open_ipv4(int type) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, type, 0);
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || (type == SOCK_STREAM && listen(fd, 1) != 0)) return 0;
    return getsockname(fd, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port) : 0;
}

static unsigned open_ipv6(void) {
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 1) != 0) return 0;
    return getsockname(fd, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin6_port) : 0;
}

int main(void) {
    printf("%u %u %u\n", open_ipv4(SOCK_STREAM), open_ipv6(), open_ipv4(SOCK_DGRAM));
    fflush(stdout);
    pause();
    return 0;
}
