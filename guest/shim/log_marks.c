#include "log_marks.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"

#define SECOND 1000000000LL

static struct timespec now(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_REALTIME, &time);
    return time;
}

static void append_line(struct log_marks *marks, const char *line, int length) {
    if (marks->file < 0 || write(marks->file, line, (size_t)length) == length) return;
    close(marks->file);
    marks->file = -1;
}

static void name_of(const char *log, char name[272]) { snprintf(name, 272, "%s.times", log); }

void begin_marks(struct log_marks *marks, int directory, const char *log, uint64_t begins) {
    char name[272], line[96];
    struct timespec time = now();
    if (marks->run == 0) marks->run = (uint64_t)(time.tv_sec * SECOND + time.tv_nsec);
    if (marks->file >= 0) close(marks->file);
    name_of(log, name);
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    marks->file = own_descriptor(openat(directory, name, flags, 0600));
    marks->second = -1;
    marks->nearer_left = marks->nearer;
    append_line(marks, line, snprintf(line, sizeof line, "run=%llu begins=%llu\n", (unsigned long long)marks->run,
                                 (unsigned long long)begins));
}

void put_marks_aside(struct log_marks *marks, int directory, const char *log, const char *older) {
    char name[272], aside[272];
    name_of(log, name);
    name_of(older, aside);
    if (marks->file >= 0) close(marks->file);
    marks->file = -1;
    if (renameat(directory, name, directory, aside) < 0) unlinkat(directory, aside, 0);
}

void mark(struct log_marks *marks, uint64_t offset) {
    char line[64];
    bool near = marks->second >= 0 && offset - marks->offset < marks->spacing;
    if (marks->file < 0 || (near && marks->nearer_left == 0)) return;
    struct timespec time = now();
    if (time.tv_sec == marks->second) return;
    if (near) marks->nearer_left--;
    marks->second = time.tv_sec;
    marks->offset = offset;
    append_line(marks, line, snprintf(line, sizeof line, "%llu %lld\n", (unsigned long long)offset,
                                 (long long)time.tv_sec * SECOND + time.tv_nsec));
}
