/* Socket addresses as requests name them. */
#ifndef BANGER_ADDRESS_H
#define BANGER_ADDRESS_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { FAMILY_UNIX = 1, FAMILY_4 = 4, FAMILY_6 = 6 };

union socket_address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un path;
};

/* 0, or EINVAL when the text is no address of the family. */
int address_parse(uint8_t family, const char *text, uint16_t port, union socket_address *address, socklen_t *length);

/* The peer as text (empty for a Unix socket), and its port. */
void address_print(const union socket_address *address, char *text, socklen_t size, uint16_t *port);

#endif
