/* Small things about processes and descriptors. */
#ifndef BANGER_PROCESS_H
#define BANGER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Closes every descriptor above 2 but this one (-1: all). */
void process_close_all_but(int fd);

/* Opens /dev/null at each of 0 to 2 that is closed. */
void process_fill_standard(void);

/* Reads a small file (of /proc, /sys) as text, its last line feed cut off. False: it cannot be read. */
bool process_read_text(const char *path, char *text, size_t size);

/* Writes a text to an existing file in one write. 0 or errno. */
int process_write_text(const char *path, const char *text);

/* One line on the console, and nothing when there is none. */
void console_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The console, to be written to without waiting. -1: there is none. */
int console_open(void);

/* False: lines for the console go to stderr. */
extern bool console_is_ours;

/* `banger-agent: fatal: …` on the console, then the machine ends (as the VMM understands it). */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The value of `name=value` among the kernel's arguments. False: not there. */
bool kernel_argument(const char *name, char *value, size_t size);

#endif
