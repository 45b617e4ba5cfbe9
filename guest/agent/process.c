#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "power.h"

bool console_is_ours;

static void close_range_slowly(unsigned from, unsigned to) {
    long limit = sysconf(_SC_OPEN_MAX);
    if (limit > 0 && (unsigned long)limit <= to) to = (unsigned)limit;
    for (unsigned fd = from; fd <= to; fd++) close((int)fd);
}

static void close_from_to(unsigned from, unsigned to) {
    if (from <= to && syscall(SYS_close_range, from, to, 0) != 0) close_range_slowly(from, to);
}

void process_close_all_but(int fd) {
    if (fd < 3) {
        close_from_to(3, UINT_MAX);
        return;
    }
    close_from_to(3, (unsigned)fd - 1);
    close_from_to((unsigned)fd + 1, UINT_MAX);
}

void process_fill_standard(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2) close(fd);
}

bool process_read_text(const char *path, char *text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t length = read(fd, text, size - 1);
    close(fd);
    if (length < 0) return false;
    if (length > 0 && text[length - 1] == '\n') length--;
    text[length] = 0;
    return true;
}

int process_write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    int error = write(fd, text, strlen(text)) < 0 ? errno : 0;
    close(fd);
    return error;
}

int console_open(void) {
    if (!console_is_ours) return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    return open("/dev/console", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static void write_line(const char *prefix, const char *format, va_list arguments) {
    char line[1024];
    int length = snprintf(line, sizeof line, "banger-agent: %s", prefix);
    length += vsnprintf(line + length, sizeof line - 1 - (size_t)length, format, arguments);
    if ((size_t)length > sizeof line - 2) length = sizeof line - 2;
    line[length++] = '\n';
    int fd = console_is_ours ? open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC) : STDERR_FILENO;
    if (fd < 0) return;
    ssize_t ignored = write(fd, line, (size_t)length);
    (void)ignored;
    if (fd != STDERR_FILENO) close(fd);
}

void console_line(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_line("", format, arguments);
    va_end(arguments);
}

void fatal(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_line("fatal: ", format, arguments);
    va_end(arguments);
    if (console_is_ours) power_end_now(false);
    exit(1);
}

bool kernel_argument(const char *name, char *value, size_t size) {
    char line[4096];
    if (!process_read_text("/proc/cmdline", line, sizeof line)) return false;
    size_t length = strlen(name);
    bool found = false;
    for (char *rest = line, *word; (word = strsep(&rest, " ")) != NULL;) {
        if (strncmp(word, name, length) != 0 || word[length] != '=') continue;
        snprintf(value, size, "%s", word + length + 1);
        found = true;
    }
    return found;
}
