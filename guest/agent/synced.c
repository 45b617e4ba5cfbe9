/* What the host keeps for a user of the guest: lines of authorized_keys, and files. A record in the user's home says what came from
 * the host, so that it goes when the host names it no longer, and what the user has changed or made stays. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "etc.h"
#include "files.h"

#define RECORD ".local/state/banger/synced"
enum { KEPT = -1, LINE = USER_PATH + WIRE_PATH_LIMIT + 96 };

/* Of the record, which has a line for each: "k KEY" or "f SIZE SECONDS NANOSECONDS PATH". */
struct work {
    const struct synced *synced;
    int *outcomes; /* of each file, in memory that a child shares: errno or KEPT */
};

static bool has_line(const char *text, const char *prefix, const char *wanted, size_t length) {
    size_t before = strlen(prefix);
    for (const char *line = text; *line != 0; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, prefix, before) != 0 || strncmp(line + before, wanted, length) != 0) continue;
        if (line[before + length] == '\n' || line[before + length] == 0) return true;
    }
    return false;
}

static bool is_wanted(const struct synced *synced, const char *key, size_t length) {
    for (size_t i = 0; i < synced->key_count; i++) {
        if (strlen(synced->keys[i]) == length && strncmp(synced->keys[i], key, length) == 0) return true;
    }
    return false;
}

/* The user's lines, then those of ours that are missing; lines that were ours and are no longer wanted go. */
static void merge_keys(const struct synced *synced, const char *old, const char *record, FILE *out, FILE *now) {
    for (const char *line = old; *line != 0; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        bool withdrawn = has_line(record, "k ", line, length) && !is_wanted(synced, line, length);
        if (!withdrawn) fprintf(out, "%.*s\n", (int)length, line);
        line += length;
    }
    for (size_t i = 0; i < synced->key_count; i++) {
        const char *key = synced->keys[i];
        if (key[0] == 0) continue;
        bool there = has_line(old, "", key, strlen(key));
        if (!there) fprintf(out, "%s\n", key);
        if (!there || has_line(record, "k ", key, strlen(key))) fprintf(now, "k %s\n", key);
    }
}

static int sync_keys(const struct user *user, const struct synced *synced, const char *record, FILE *now) {
    char directory[USER_PATH + 16], path[USER_PATH + 48];
    snprintf(directory, sizeof directory, "%s/.ssh", user->home);
    snprintf(path, sizeof path, "%s/authorized_keys", directory);
    char *old = files_read(path, NULL);
    if (old == NULL && errno != ENOENT) return errno;
    const char *before = old == NULL ? "" : old;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out != NULL) merge_keys(synced, before, record, out, now);
    int error = out == NULL || fclose(out) != 0 ? ENOMEM : 0;
    if (error == 0 && strcmp(text, before) != 0) {
        if (mkdir(directory, 0700) != 0 && errno != EEXIST) error = errno;
        if (error == 0 && chmod(directory, 0700) != 0) error = errno;
        if (error == 0) error = files_write(path, text, size, 0600, user->uid, user->gid);
    }
    free(text);
    free(old);
    return error;
}

/* The record's line of a file as it is now; false when it is no regular file. */
static bool describe(const char *path, char line[static LINE]) {
    struct stat found;
    if (lstat(path, &found) != 0 || !S_ISREG(found.st_mode)) return false;
    snprintf(line, LINE, "%jd %jd %ld %s", (intmax_t)found.st_size, (intmax_t)found.st_mtim.tv_sec, found.st_mtim.tv_nsec, path);
    return true;
}

static bool is_ours(const char *path, const char *record) {
    char line[LINE];
    return describe(path, line) && has_line(record, "f ", line, strlen(line));
}

static bool has_content(const struct synced_file *file, const char *path) {
    struct stat found;
    if (lstat(path, &found) != 0 || !S_ISREG(found.st_mode) || (found.st_mode & 07777) != file->mode) return false;
    size_t length;
    char *content = files_read(path, &length);
    bool same = content != NULL && length == file->length && memcmp(content, file->content, length) == 0;
    free(content);
    return same;
}

static int place(const struct user *user, const struct synced_file *file, char path[static USER_PATH + WIRE_PATH_LIMIT]) {
    const char *between = file->path[0] == '/' ? "" : "/";
    int length = snprintf(path, USER_PATH + WIRE_PATH_LIMIT, "%s%s%s", file->path[0] == '/' ? "" : user->home, between, file->path);
    return length < USER_PATH + WIRE_PATH_LIMIT ? 0 : ENAMETOOLONG;
}

/* 0, errno or KEPT. */
static int sync_file(const struct user *user, const struct synced_file *file, const char *record, FILE *now) {
    char path[USER_PATH + WIRE_PATH_LIMIT], line[LINE];
    int error = place(user, file, path);
    if (error != 0) return error;
    bool ours = is_ours(path, record);
    struct stat found;
    bool there = lstat(path, &found) == 0;
    if (there && has_content(file, path)) {
        if (ours && describe(path, line)) fprintf(now, "f %s\n", line);
        return 0;
    }
    if (there && !ours) return KEPT;
    error = files_write(path, file->content, file->length, file->mode, user->uid, user->gid);
    if (error == 0 && describe(path, line)) fprintf(now, "f %s\n", line);
    return error;
}

static bool is_named(const struct user *user, const struct synced *synced, const char *wanted) {
    char path[USER_PATH + WIRE_PATH_LIMIT];
    for (size_t i = 0; i < synced->file_count; i++) {
        if (place(user, &synced->files[i], path) == 0 && strcmp(path, wanted) == 0) return true;
    }
    return false;
}

/* Files that came from the host, that it names no longer, and that nobody has changed since. */
static void withdraw(const struct user *user, const struct synced *synced, const char *record, FILE *now) {
    for (const char *line = record; *line != 0; line += *line == '\n') {
        size_t length = strcspn(line, "\n");
        char text[LINE];
        int begin = 0;
        if (line[0] == 'f' && length < sizeof text) {
            snprintf(text, sizeof text, "%.*s", (int)length, line);
            (void)sscanf(text, "f %*d %*d %*d %n", &begin); /* where the path begins */
            const char *path = text + begin;
            if (begin > 0 && !is_named(user, synced, path) && is_ours(path, record) && unlink(path) != 0) fprintf(now, "%s\n", text);
        }
        line += length;
    }
}

static int sync_all(const struct user *user, const void *context) {
    const struct work *work = context;
    char path[USER_PATH + 48];
    snprintf(path, sizeof path, "%s/" RECORD, user->home);
    char *old = files_read(path, NULL);
    if (old == NULL && errno != ENOENT) return errno;
    const char *record = old == NULL ? "" : old;
    char *text = NULL;
    size_t size;
    FILE *now = open_memstream(&text, &size);
    if (now == NULL) {
        free(old);
        return ENOMEM;
    }
    int error = sync_keys(user, work->synced, record, now);
    withdraw(user, work->synced, record, now);
    for (size_t i = 0; i < work->synced->file_count; i++) {
        work->outcomes[i] = sync_file(user, &work->synced->files[i], record, now);
    }
    if (fclose(now) != 0) {
        error = ENOMEM;
    } else if (strcmp(text, record) != 0) {
        int failed = files_write(path, text, size, 0600, user->uid, user->gid);
        if (error == 0) error = failed;
    }
    free(text);
    free(old);
    return error;
}

void etc_synced(struct configuration *configuration) {
    const struct synced *synced = &configuration->synced;
    if (synced->user == NULL) return;
    size_t size = (synced->file_count + 1) * sizeof(int);
    int *outcomes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (outcomes == MAP_FAILED) {
        configuration_warn(configuration, "cannot sync what user '%s' gets: %s", synced->user, strerror(errno));
        return;
    }
    struct work work = {synced, outcomes};
    int error = work_at_home(synced->user, sync_all, &work);
    if (error != 0) configuration_warn(configuration, "cannot sync what user '%s' gets: %s", synced->user, strerror(error));
    for (size_t i = 0; i < synced->file_count; i++) {
        const struct synced_file *file = &synced->files[i];
        if (outcomes[i] > 0) {
            configuration_warn(configuration, "cannot write %s: %s", file->path, strerror(outcomes[i]));
        } else if (outcomes[i] == KEPT && (file->flags & SYNCED_QUIET) == 0) {
            configuration_warn(configuration, "%s is kept as it is: it was made or changed in the guest", file->path);
        }
    }
    munmap(outcomes, size);
}
