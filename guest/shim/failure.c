#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct failure *failure, const char *code, const char *format, va_list arguments) {
    snprintf(failure->code, sizeof failure->code, "%s", code);
    vsnprintf(failure->message, sizeof failure->message, format, arguments);
    for (unsigned char *c = (unsigned char *)failure->message; *c != 0; c++) {
        if (*c < ' ' || *c == 127) *c = '?';
    }
}

_Bool failed(struct failure *failure, const char *code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fill(failure, code, format, arguments);
    va_end(arguments);
    return 0;
}

_Bool failed_errno(struct failure *failure, const char *code, const char *format, ...) {
    const char *reason = strerror(errno);
    va_list arguments;
    va_start(arguments, format);
    fill(failure, code, format, arguments);
    va_end(arguments);
    size_t used = strlen(failure->message);
    snprintf(failure->message + used, sizeof failure->message - used, ": %s", reason);
    return 0;
}
