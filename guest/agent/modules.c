#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"

#define ORDER "/modules/order"

static void load(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        console_line("cannot open module %s: %s", path, strerror(errno));
        return;
    }
    if (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST) {
        console_line("cannot load module %s: %s", path, strerror(errno));
    }
    close(fd);
    unlink(path);
}

static bool registers(const char *path) { return access(path, F_OK) == 0; }

/* Built-in drivers have registered before there is any process, and loaded ones when finit_module returns. */
void modules_missing(char *names, size_t size) {
    static const struct { const char *name, *path, *instead; } drivers[] = {
        {"virtio_mmio", "/sys/bus/platform/drivers/virtio-mmio", "/sys/bus/pci/drivers/virtio-pci"},
        {"virtio_blk", "/sys/bus/virtio/drivers/virtio_blk", NULL},
        {"virtio_console", "/sys/bus/virtio/drivers/virtio_console", NULL}};
    size_t length = 0;
    names[0] = 0;
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers && length < size; i++) {
        if (registers(drivers[i].path) || (drivers[i].instead != NULL && registers(drivers[i].instead))) continue;
        length += (size_t)snprintf(names + length, size - length, "%s%s", length == 0 ? "" : ", ", drivers[i].name);
    }
}

void modules_load(void) {
    FILE *order = fopen(ORDER, "re");
    if (order == NULL) {
        if (errno != ENOENT) console_line("cannot open %s: %s", ORDER, strerror(errno));
        return;
    }
    char path[4096];
    while (fgets(path, sizeof path, order) != NULL) {
        path[strcspn(path, "\r\n")] = 0;
        if (path[0] == '/') load(path);
    }
    fclose(order);
}
