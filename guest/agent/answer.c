#include "answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE = 1024 };

bool answer_message(int fd, struct wire_writer *writer) {
    bool sent = wire_end(writer) && wire_write_all(fd, writer->data, writer->length);
    wire_clear(writer);
    return sent;
}

bool answer_ok(int fd) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    return answer_message(fd, &writer);
}

static bool send_error(int fd, enum wire_code code, int error, const char *format, va_list arguments) {
    char message[MESSAGE];
    struct wire_writer writer = {0};
    int length = vsnprintf(message, sizeof message, format, arguments);
    if (error != 0 && length >= 0 && (size_t)length < sizeof message) {
        snprintf(message + length, sizeof message - (size_t)length, ": %s", strerror(error));
    }
    bool sent = wire_error(&writer, code, error, "%s", message) && wire_write_all(fd, writer.data, writer.length);
    wire_clear(&writer);
    return sent;
}

bool answer_error(int fd, enum wire_code code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    bool sent = send_error(fd, code, 0, format, arguments);
    va_end(arguments);
    return sent;
}

enum wire_code answer_code(int error) {
    switch (error) {
    case ENOENT: return CODE_NOT_FOUND;
    case EEXIST: return CODE_EXISTS;
    case EACCES:
    case EPERM: return CODE_PERMISSION;
    case ENOTTY:
    case EOPNOTSUPP:
    case ENOSYS: return CODE_UNSUPPORTED;
    default: return CODE_SYSTEM;
    }
}

bool answer_errno(int fd, int error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    bool sent = send_error(fd, answer_code(error), error, format, arguments);
    va_end(arguments);
    return sent;
}

void answer_await_end(int fd) {
    static char waste[65536];
    ssize_t length;
    do {
        length = read(fd, waste, sizeof waste);
    } while (length > 0 || (length < 0 && errno == EINTR));
}
