/* The services, one function a request of PROTOCOL.md: see service.h for what they are given and may do. */
#ifndef BANGER_SERVICES_H
#define BANGER_SERVICES_H

#include <stddef.h>
#include <stdint.h>

int service_stats(const uint8_t *body, size_t length, int fd);
int service_ports(const uint8_t *body, size_t length, int fd);
int service_sync(const uint8_t *body, size_t length, int fd);
int service_freeze(const uint8_t *body, size_t length, int fd);
int service_thaw(const uint8_t *body, size_t length, int fd);
int service_grow(const uint8_t *body, size_t length, int fd);
int service_trim(const uint8_t *body, size_t length, int fd);
int service_copy_in(const uint8_t *body, size_t length, int fd);
int service_copy_out(const uint8_t *body, size_t length, int fd);
int service_stat(const uint8_t *body, size_t length, int fd);
int service_sftp(const uint8_t *body, size_t length, int fd);

#endif
