/* The wall clock and the random pool. Each gives 0 or errno. */
#ifndef BANGER_CLOCK_H
#define BANGER_CLOCK_H

#include <stdint.h>

int clock_set(int64_t unix_nanoseconds);

/* Credits 256 bits and reseeds what programs draw from. */
int entropy_add(const uint8_t entropy[32]);

#endif
