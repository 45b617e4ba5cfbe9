/* Volumes: directories of the work disk that begin with what the image has in their place. */
#ifndef BANGER_VOLUME_H
#define BANGER_VOLUME_H

/* Makes the directory, unless it is there: a copy of what the image has at the path, or empty when it has no directory there. It
 * gets its name when it is whole. 0 or errno. */
int volume_fill(const char *directory, const char *path);

#endif
