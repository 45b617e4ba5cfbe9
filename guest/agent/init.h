/* The guest's own init, when it has one. */
#ifndef BANGER_INIT_H
#define BANGER_INIT_H

#include "configuration.h"

/* The init the root has, or NULL. */
const char *init_find(void);

/* Leaves banger's links, console and shutdown to banger, in /run; what the init must know before it starts. */
void init_prepare(struct configuration *configuration);

/* Forks: the parent becomes the init, the child goes on as the agent. 0 (in the child), or errno. */
int init_start(const char *path);

#endif
