#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "descriptors.h"

#define RECORD_SIZE 512

static bool read_file(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t length = read(file, text, size - 1);
    int error = errno;
    close(file);
    errno = error;
    if (length < 0) return false;
    text[length] = 0;
    return true;
}

bool process_start(pid_t pid, uint64_t *start) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (!read_file(path, text, sizeof text)) return false;
    const char *field = strrchr(text, ')'); /* the command, field 2, may hold anything */
    for (int number = 2; field != NULL && number < 22; number++) field = strchr(field + 1, ' ');
    if (field != NULL && sscanf(field, " %" SCNu64, start) == 1) return true;
    errno = EPROTO;
    return false;
}

bool boot_id(char id[37]) {
    char text[64];
    if (!read_file("/proc/sys/kernel/random/boot_id", text, sizeof text)) return false;
    if (strcspn(text, "\n") != 36) return errno = EPROTO, false;
    memcpy(id, text, 36);
    id[36] = 0;
    return true;
}

static void temporary_name(char text[64], const char *name) { snprintf(text, 64, ".%s.new", name); }

int reserve_record(int directory, const char *name, struct failure *failure) {
    char temporary[64];
    temporary_name(temporary, name);
    unlinkat(directory, temporary, 0);
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int record = own_descriptor(openat(directory, temporary, flags, 0600));
    if (record < 0) {
        failed_errno(failure, "record", "cannot make the record %s", name);
        return -1;
    }
    if (fallocate(record, FALLOC_FL_KEEP_SIZE, 0, RECORD_SIZE) == 0 || errno == EOPNOTSUPP) return record;
    failed_errno(failure, "record", "cannot reserve %d bytes for the record %s", RECORD_SIZE, name);
    close(record);
    unlinkat(directory, temporary, 0);
    return -1;
}

bool write_record(int record, const char *name, const char *line, struct failure *failure) {
    size_t length = strlen(line);
    errno = ENOSPC; /* what a short write means */
    bool done = write(record, line, length) == (ssize_t)length && fsync(record) == 0;
    if (!done) failed_errno(failure, "record", "cannot write the record %s", name);
    close(record);
    return done;
}

bool publish_record(int directory, const char *name, struct failure *failure) {
    char temporary[64];
    temporary_name(temporary, name);
    return renameat(directory, temporary, directory, name) == 0 ||
                 failed_errno(failure, "record", "cannot rename the record %s", name);
}

void discard_record(int directory, const char *name) {
    char temporary[64];
    temporary_name(temporary, name);
    unlinkat(directory, temporary, 0);
}
