/* What a service answers on its descriptor: whole messages, written at once. */
#ifndef BANGER_ANSWER_H
#define BANGER_ANSWER_H

#include <stdarg.h>
#include <stdbool.h>

#include "wire.h"

/* OK without a body. */
bool answer_ok(int fd);

/* Ends the writer's message, sends it, and clears the writer. */
bool answer_message(int fd, struct wire_writer *writer);

/* An ERROR with a code of ours. */
bool answer_error(int fd, enum wire_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* An ERROR that an errno explains: its text ends the message, its meaning chooses the code. */
bool answer_errno(int fd, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The code that fits an errno best. */
enum wire_code answer_code(int error);

/* Reads the stream to its end, so that a host that sends first and reads later gets to read the reply. */
void answer_await_end(int fd);

#endif
