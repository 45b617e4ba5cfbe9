#include "modules.h"

#include <errno.h>
#include <fcntl.h>
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
