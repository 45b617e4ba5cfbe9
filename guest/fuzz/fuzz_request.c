/* Arbitrary bodies into everything that decodes without doing: configurations, execs, addresses, lists. */
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "configuration.h"
#include "exec.h"

static void decode_configuration(const uint8_t *data, size_t size) {
    struct configuration configuration;
    const char *wrong = configuration_decode(&configuration, wire_reader(data, size));
    if (wrong != NULL && configuration.arena.blocks != NULL) abort();
    for (size_t i = 0; i < configuration.disk_count; i++) {
        if (strlen(configuration.disks[i].mount_point) > WIRE_PATH_LIMIT) abort();
    }
    for (size_t i = 0; i < configuration.file_count; i++) {
        if (configuration.files[i].path[0] != '/') abort();
    }
    configuration_free(&configuration);
}

static void decode_exec(const uint8_t *data, size_t size) {
    struct wire_reader reader = wire_reader(data, size);
    struct arena arena = {0};
    struct exec_order order;
    if (exec_decode(&reader, &arena, &order)) {
        if (order.argument_count == 0 || order.argv[order.argument_count] != NULL) abort();
    }
    arena_free(&arena);
}

static void decode_address(const uint8_t *data, size_t size) {
    struct wire_reader reader = wire_reader(data, size);
    struct arena arena = {0};
    uint8_t family = wire_u8(&reader);
    const char *text = wire_text(&reader, &arena, WIRE_PATH_LIMIT);
    union socket_address address;
    socklen_t length;
    char printed[INET6_ADDRSTRLEN];
    uint16_t port;
    if (address_parse(family, text, 1, &address, &length) == 0) address_print(&address, printed, sizeof printed, &port);
    arena_free(&arena);
}

/* The first byte says which decoder. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    switch (data[0] % 3) {
    case 0: decode_configuration(data + 1, size - 1); break;
    case 1: decode_exec(data + 1, size - 1); break;
    default: decode_address(data + 1, size - 1); break;
    }
    return 0;
}
