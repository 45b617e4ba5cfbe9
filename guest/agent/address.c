#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int address_parse(uint8_t family, const char *text, uint16_t port, union socket_address *address, socklen_t *length) {
    memset(address, 0, sizeof *address);
    if (family == FAMILY_4) {
        address->four.sin_family = AF_INET;
        address->four.sin_port = htons(port);
        *length = sizeof address->four;
        return inet_pton(AF_INET, text, &address->four.sin_addr) == 1 ? 0 : EINVAL;
    }
    if (family == FAMILY_6) {
        address->six.sin6_family = AF_INET6;
        address->six.sin6_port = htons(port);
        *length = sizeof address->six;
        return inet_pton(AF_INET6, text, &address->six.sin6_addr) == 1 ? 0 : EINVAL;
    }
    size_t size = strlen(text);
    if (family != FAMILY_UNIX || size == 0 || size >= sizeof address->path.sun_path) return EINVAL;
    address->path.sun_family = AF_UNIX;
    memcpy(address->path.sun_path, text, size);
    *length = sizeof address->path;
    return 0;
}

void address_print(const union socket_address *address, char *text, socklen_t size, uint16_t *port) {
    text[0] = 0;
    *port = 0;
    if (address->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->four.sin_addr, text, size);
        *port = ntohs(address->four.sin_port);
    } else if (address->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->six.sin6_addr, text, size);
        *port = ntohs(address->six.sin6_port);
    }
}
