#ifndef BANGER_SHIM_LAUNCH_H
#define BANGER_SHIM_LAUNCH_H

#include "failure.h"
#include "options.h"

/* Drops groups, gid and uid as the options say. */
bool drop_identity(const struct options *options, struct failure *failure);

/*
 * In the child: becomes the program, or what carries its packets, with these descriptors as its 0, 1 and 2 and the handovers (the carrier:
 * its end of the pair) at their numbers;
 * every other descriptor is close-on-exec. When it fails it writes the struct failure to `reporter` and exits.
 */
_Noreturn void become_carrier(const struct options *options, const int standard[3], int reporter);

_Noreturn void become_program(const struct options *options, const int standard[3], int reporter);

#endif
