/* One cgroup an exec, below /sys/fs/cgroup/banger; nothing at all where cgroup2 is not mounted. */
#ifndef BANGER_CGROUP_H
#define BANGER_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

/* Makes what all of them are in. */
void cgroup_look_ahead(void);

/* Makes the exec's cgroup; its directory, or -1: there are none. */
int cgroup_make(const uint8_t id[16]);

/* Signals all that is in it. 0, or errno: ESRCH when it is not there or empty. */
int cgroup_signal(const uint8_t id[16], int signal);

/* Removes it as soon as it is empty. */
void cgroup_remove(const uint8_t id[16]);

/* Tries again to remove those that were not empty; for loop_reaped. */
void cgroup_sweep(void);

/* The agent's own; tests have none. */
extern bool cgroup_enabled;

#endif
