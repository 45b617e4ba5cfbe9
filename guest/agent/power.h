/* The end of the machine. */
#ifndef BANGER_POWER_H
#define BANGER_POWER_H

#include <stdbool.h>
#include <stdint.h>

/* Ends everything that runs, within the grace, then the machine. */
void power_begin(bool reboot, uint32_t grace_milliseconds);

/* Ends this process, which stands for a machine: whoever started it learns by the status what the host wished. */
enum { POWER_STATUS_OFF = 0, POWER_STATUS_REBOOT = 3 };
void power_end_process(bool reboot) __attribute__((noreturn));

/* Syncs, makes the file systems read-only, says goodbye on the console, and ends the machine as the VMM understands it. */
void power_end_now(bool reboot) __attribute__((noreturn));

/* The last step of a systemd shutdown, which has made us its pid 1 again (in /run/initramfs): action is `poweroff`, `reboot`,
 * `halt` or `kexec`. */
void power_finish_shutdown(const char *action) __attribute__((noreturn));

#endif
