#include "title.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char *start;
static size_t room;

/* argv's texts and then the environment's lie one behind the other. */
void title_begin(char **argv) {
    start = argv[0];
    char *end = start;
    for (char **text = argv; *text != NULL; text++) {
        if (*text == end) end += strlen(*text) + 1;
    }
    for (char **text = environ; *text != NULL; text++) {
        if (*text == end) end += strlen(*text) + 1;
    }
    room = (size_t)(end - start);
}

/* The kernel shows one text up to its NUL when the byte at the end of argv is not NUL any more. */
void title_set(const char *title) {
    if (start == NULL || room < 2) return;
    static char *nothing[] = {NULL};
    environ = nothing;
    memset(start, 0, room);
    strncpy(start, title, room - 1);
    prctl(PR_SET_NAME, "banger-agent");
}
