/* The requests of SFTP about what is open. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "sftp.h"
#include "sftp_names.h"
#include "user.h"

enum { LONG_NAME = 1024, HALF_YEAR = 182 * 86400 };

static bool read_data(struct sftp *sftp, const struct sftp_request *request, const struct sftp_handle *handle) {
    static uint8_t data[SFTP_DATA_LIMIT];
    size_t length = request->length < sizeof data ? request->length : sizeof data;
    if (request->offset > INT64_MAX) return sftp_reply_errno(sftp, request->id, EINVAL);
    ssize_t got = pread(handle->file, data, length, (off_t)request->offset);
    if (got < 0 && errno == ESPIPE) got = read(handle->file, data, length);
    if (got < 0) return sftp_reply_errno(sftp, request->id, errno);
    if (got == 0 && length > 0) return sftp_reply_status(sftp, request->id, SFTP_EOF, NULL);
    sftp_reply_begin(sftp, SFTP_DATA, request->id);
    wire_put_bytes(&sftp->reply, data, (size_t)got);
    return sftp_reply_send(sftp);
}

static bool write_data(struct sftp *sftp, const struct sftp_request *request, const struct sftp_handle *handle) {
    if (request->offset > INT64_MAX) return sftp_reply_errno(sftp, request->id, EINVAL);
    for (size_t done = 0; done < request->data_length;) {
        size_t left = request->data_length - done;
        ssize_t written = handle->appends ? write(handle->file, request->data + done, left)
                                          : pwrite(handle->file, request->data + done, left, (off_t)(request->offset + done));
        if (written < 0 && errno == ESPIPE) written = write(handle->file, request->data + done, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return sftp_reply_errno(sftp, request->id, written == 0 ? ENOSPC : errno);
        done += (size_t)written;
    }
    return sftp_reply_errno(sftp, request->id, 0);
}

static bool set_attributes(struct sftp *sftp, const struct sftp_request *request, int file) {
    const struct sftp_attributes *attributes = &request->attributes;
    struct timespec times[2] = {{.tv_sec = attributes->accessed}, {.tv_sec = attributes->modified}};
    int result = 0;
    if (attributes->flags & SFTP_HAS_SIZE) result = ftruncate(file, (off_t)(attributes->size & INT64_MAX));
    if (result == 0 && (attributes->flags & SFTP_HAS_OWNER)) result = fchown(file, attributes->uid, attributes->gid);
    if (result == 0 && (attributes->flags & SFTP_HAS_MODE)) result = fchmod(file, attributes->mode & 07777);
    if (result == 0 && (attributes->flags & SFTP_HAS_TIMES)) result = futimens(file, times);
    return sftp_reply_result(sftp, request->id, result);
}

/* The name of a user, remembered because a directory mostly has one owner. */
static const char *user_name(uid_t uid) {
    static struct user user;
    static bool known;
    char number[16];
    if (known && user.uid == uid) return user.name;
    snprintf(number, sizeof number, "%u", uid);
    known = user_find(number, &user) == 0;
    if (!known) snprintf(user.name, sizeof user.name, "%u", uid);
    return user.name;
}

/* A line as that of `ls -l`, which clients show to people. */
static void long_name(char text[LONG_NAME], const char *name, const struct stat *status) {
    static const char kinds[] = "?pc?d?b?-?l?s???";
    char mode[11] = "?rwxrwxrwx", when[32] = "";
    struct tm local;
    time_t now = time(NULL), modified = status->st_mtim.tv_sec;
    mode[0] = kinds[(status->st_mode & S_IFMT) >> 12];
    for (int bit = 0; bit < 9; bit++) {
        if ((status->st_mode & (0400u >> bit)) == 0) mode[bit + 1] = '-';
    }
    if (status->st_mode & S_ISUID) mode[3] = mode[3] == 'x' ? 's' : 'S';
    if (status->st_mode & S_ISGID) mode[6] = mode[6] == 'x' ? 's' : 'S';
    if (status->st_mode & S_ISVTX) mode[9] = mode[9] == 'x' ? 't' : 'T';
    if (localtime_r(&modified, &local) != NULL) {
        strftime(when, sizeof when, modified > now - HALF_YEAR && modified <= now + 60 ? "%b %e %H:%M" : "%b %e  %Y", &local);
    }
    snprintf(text, LONG_NAME, "%s %4lu %-8s %-8u %8lld %s %s", mode, (unsigned long)status->st_nlink, user_name(status->st_uid),
             status->st_gid, (long long)status->st_size, when, name);
}

static bool read_names(struct sftp *sftp, const struct sftp_request *request, const struct sftp_handle *handle) {
    uint32_t count = 0;
    if (handle->directory == NULL) return sftp_reply_status(sftp, request->id, SFTP_FAILURE, "The handle is that of a file");
    sftp_reply_begin(sftp, SFTP_NAME, request->id);
    size_t position = sftp->reply.length;
    wire_put_u32(&sftp->reply, 0);
    while (count < SFTP_NAMES_AT_ONCE) {
        char text[LONG_NAME];
        struct stat status;
        struct dirent *entry = readdir(handle->directory);
        if (entry == NULL) break;
        if (fstatat(handle->file, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        long_name(text, entry->d_name, &status);
        wire_put_text(&sftp->reply, entry->d_name);
        wire_put_text(&sftp->reply, text);
        sftp_put_attributes(sftp, &status);
        count++;
    }
    if (count == 0) return sftp_reply_status(sftp, request->id, SFTP_EOF, NULL);
    if (!sftp->reply.failed) wire_store_u32(sftp->reply.data + position, count);
    return sftp_reply_send(sftp);
}

bool sftp_reply_statvfs(struct sftp *sftp, uint32_t id, const struct statvfs *system) {
    enum { READ_ONLY = 1, NO_SUID = 2 };
    struct wire_writer *reply = &sftp->reply;
    sftp_reply_begin(sftp, SFTP_EXTENDED_REPLY, id);
    wire_put_u64(reply, system->f_bsize);
    wire_put_u64(reply, system->f_frsize);
    wire_put_u64(reply, system->f_blocks);
    wire_put_u64(reply, system->f_bfree);
    wire_put_u64(reply, system->f_bavail);
    wire_put_u64(reply, system->f_files);
    wire_put_u64(reply, system->f_ffree);
    wire_put_u64(reply, system->f_favail);
    wire_put_u64(reply, system->f_fsid);
    wire_put_u64(reply, (system->f_flag & ST_RDONLY ? READ_ONLY : 0) | (system->f_flag & ST_NOSUID ? NO_SUID : 0));
    wire_put_u64(reply, system->f_namemax);
    return sftp_reply_send(sftp);
}

bool sftp_on_handle(struct sftp *sftp, const struct sftp_request *request) {
    struct sftp_handle *handle = sftp_find_handle(sftp, request);
    struct stat status;
    struct statvfs system;
    if (handle == NULL) return sftp_reply_status(sftp, request->id, SFTP_FAILURE, "The handle is not open");
    switch (request->type) {
    case SFTP_CLOSE: sftp_close(handle); return sftp_reply_errno(sftp, request->id, 0);
    case SFTP_READ: return read_data(sftp, request, handle);
    case SFTP_WRITE: return write_data(sftp, request, handle);
    case SFTP_FSETSTAT: return set_attributes(sftp, request, handle->file);
    case SFTP_READDIR: return read_names(sftp, request, handle);
    case SFTP_FSYNC: return sftp_reply_result(sftp, request->id, fsync(handle->file));
    case SFTP_FSTATVFS:
        if (fstatvfs(handle->file, &system) != 0) return sftp_reply_errno(sftp, request->id, errno);
        return sftp_reply_statvfs(sftp, request->id, &system);
    default:
        if (fstat(handle->file, &status) != 0) return sftp_reply_errno(sftp, request->id, errno);
        return sftp_reply_stat(sftp, request->id, &status);
    }
}
