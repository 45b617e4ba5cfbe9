/* The machine as a whole: its phase, its configuration, its clock. */
#ifndef BANGER_MACHINE_H
#define BANGER_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum machine_phase { PHASE_WAITING, PHASE_APPLYING, PHASE_READY, PHASE_STOPPING };

/* True from `ready` on: commands are served. */
bool machine_ready(void);

/* The machine has begun to stop. */
void machine_stopping(void);

/* Does ahead, once, what the configuration will need: the host, just answered, takes its time to send it. */
void machine_look_ahead(void);

/* 0 none yet, else an enum init_mode. */
uint8_t machine_init_mode(void);

/* Notes that a stage of the boot is over, now. */
void machine_mark(const char *stage);

/* False: an ordinary process, which must not change the system it runs on. */
extern bool machine_is_guest;

/* An ordinary process that stands for a whole machine: POWER ends it. */
extern bool machine_is_process;

#endif
