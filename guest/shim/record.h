#ifndef BANGER_SHIM_RECORD_H
#define BANGER_SHIM_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"

/* Start of a process in clock ticks since boot: field 22 of /proc/PID/stat. False with errno set. */
bool process_start(pid_t pid, uint64_t *start);

/* The kernel's boot id, 36 characters. */
bool boot_id(char id[37]);

/*
 * A record is a file of one line that is there whole or not at all: reserved beside its name (with its disk block,
 * so that a disk that fills up later loses no record), written and flushed, published by a rename.
 */
int reserve_record(int directory, const char *name, struct failure *failure); /* the descriptor, -1 when it failed */
bool write_record(int record, const char *name, const char *line, struct failure *failure); /* closes the descriptor */
bool publish_record(int directory, const char *name, struct failure *failure);
void discard_record(int directory, const char *name);

#endif
