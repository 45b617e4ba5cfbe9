/* Volumes: directories of the work disk that begin with what the image has in their place. */
#ifndef BANGER_VOLUME_H
#define BANGER_VOLUME_H

#include "configuration.h"

/* Makes the directories of volumes that are missing: a copy of what the image has at the target, or empty when it has no directory
 * there; each gets its name when it is whole. False: nothing is to be done, or can be. Else `then` is called when it is done; the
 * configuration stays until then. What fails is told on the console, and has no directory. */
bool volumes_fill(const struct configuration *configuration, const struct disk *work, void (*then)(void));

#endif
