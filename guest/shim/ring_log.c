#include "ring_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So many marks at most are kept for a file. */
#define MARKS 8192
#define CHUNK 65536
/* Reads in one go, so that one flooding pipe does not keep the other, or a signal, waiting. */
#define CHUNKS_IN_A_ROW 16

static bool open_file(struct ring_log *log) {
    struct stat status;
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    log->file = own_descriptor(openat(log->place.directory, log->place.name, flags, 0600));
    if (log->file < 0) return false;
    if (fstat(log->file, &status) == 0 && S_ISREG(status.st_mode)) {
        log->size = (uint64_t)status.st_size;
        return true;
    }
    close(log->file);
    log->file = -1;
    errno = EINVAL;
    return false;
}

/* The reader first: a named pipe is opened for writing only where somebody reads. */
static bool open_pipe(int ends[2], const char *name) {
    struct stat status;
    if (name == NULL) return pipe2(ends, O_CLOEXEC) == 0;
    ends[0] = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (ends[0] < 0) return false;
    if (fstat(ends[0], &status) == 0 && S_ISFIFO(status.st_mode)) {
        ends[1] = open(name, O_WRONLY | O_NOCTTY | O_CLOEXEC);
        if (ends[1] >= 0) return true;
    } else {
        errno = EINVAL;
    }
    int error = errno;
    close(ends[0]);
    errno = error;
    return false;
}

bool open_ring_log(struct ring_log *log, const char *path, uint64_t limit, const char *pipe, struct failure *failure) {
    int ends[2];
    *log = (struct ring_log){.reader = -1, .writer = -1, .file = -1, .place = {.directory = -1}, .maximum = limit / 2,
                               .marks = {.file = -1, .spacing = limit / 2 / MARKS, .nearer = MARKS}};
    if (!open_pipe(ends, pipe)) return failed_errno(failure, "log", "cannot make a pipe for the program's output");
    log->reader = own_descriptor(ends[0]);
    log->writer = own_descriptor(ends[1]);
    if (log->reader < 0 || log->writer < 0 || fcntl(log->reader, F_SETFL, O_NONBLOCK) < 0) {
        return failed_errno(failure, "log", "cannot set up the pipe for the program's output");
    }
    if (path == NULL) return true;
    if (!open_place(&log->place, path, "log", failure)) return false;
    if (snprintf(log->older, sizeof log->older, "%s.1", log->place.name) >= (int)sizeof log->older) {
        return failed(failure, "log", "the name of log %s is too long", path);
    }
    if (!open_file(log)) return failed_errno(failure, "log", "cannot open log %s", path);
    begin_marks(&log->marks, log->place.directory, log->place.name, 0);
    log->written = log->size;
    return true;
}

static void rotate(struct ring_log *log) {
    renameat(log->place.directory, log->place.name, log->place.directory, log->older);
    put_marks_aside(&log->marks, log->place.directory, log->place.name, log->older);
    close(log->file);
    if (!open_file(log)) return;
    /* Where the rename failed the limit still holds. */
    if (log->size >= log->maximum && ftruncate(log->file, 0) == 0) log->size = 0;
    begin_marks(&log->marks, log->place.directory, log->place.name, log->written - log->size);
}

/* Writes as much as FILE has room for and the disk takes. Returns the bytes written. */
static size_t write_part(struct ring_log *log, const char *bytes, size_t length) {
    if (log->file < 0 && !open_file(log)) return 0;
    if (log->size >= log->maximum) rotate(log);
    if (log->file < 0 || log->size >= log->maximum) return 0;
    if (length > log->maximum - log->size) length = log->maximum - log->size;
    mark(&log->marks, log->written);
    ssize_t written = write(log->file, bytes, length);
    if (written <= 0) return 0;
    log->size += (uint64_t)written;
    log->written += (uint64_t)written;
    return (size_t)written;
}

static bool write_all(struct ring_log *log, const char *bytes, size_t length) {
    while (length > 0) {
        size_t written = write_part(log, bytes, length);
        if (written == 0) {
            log->lost += length;
            return false;
        }
        bytes += written;
        length -= written;
    }
    return true;
}

static void append(struct ring_log *log, const char *bytes, size_t length) {
    if (log->place.directory < 0) return;
    if (log->lost > 0) {
        char note[96];
        uint64_t lost = log->lost;
        int size = snprintf(note, sizeof note, "\n[banger-shim: %llu bytes of output lost]\n", (unsigned long long)lost);
        log->lost = 0;
        if (!write_all(log, note, (size_t)size)) {
            log->lost = lost + length;
            return;
        }
    }
    write_all(log, bytes, length);
}

bool drain_ring_log(struct ring_log *log) {
    static char chunk[CHUNK];
    for (int i = 0; i < CHUNKS_IN_A_ROW; i++) {
        ssize_t length = read(log->reader, chunk, sizeof chunk);
        if (length > 0) {
            append(log, chunk, (size_t)length);
            if (log->listener != NULL) log->listener(log->owner, chunk, (size_t)length);
        } else if (length == 0 || (errno != EAGAIN && errno != EINTR)) {
            return false;
        } else if (errno == EAGAIN) {
            return true;
        }
    }
    return true;
}

void note_in_ring_log(struct ring_log *log, const char *line) {
    append(log, line, strlen(line));
}

void close_ring_log(struct ring_log *log) {
    if (log->reader >= 0) close(log->reader);
    if (log->writer >= 0) close(log->writer);
    if (log->file >= 0) close(log->file);
    if (log->marks.file >= 0) close(log->marks.file);
    log->marks.file = -1;
    if (log->place.directory >= 0) close(log->place.directory);
    log->reader = log->writer = log->file = log->place.directory = -1;
}
