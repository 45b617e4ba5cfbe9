/* Whatever a packet holds, its decoded request is within its limits. */
#include <stdlib.h>
#include <string.h>

#include "sftp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena = {0};
    struct sftp_request request;
    bool decoded = sftp_decode(data, size, &arena, &request);
    check(strlen(request.path) <= WIRE_PATH_LIMIT && strlen(request.other) <= WIRE_PATH_LIMIT && request.handle <= SFTP_HANDLES);
    if (decoded && request.data_length > 0) check(request.data >= data && request.data + request.data_length <= data + size);
    arena_free(&arena);
    return 0;
}
