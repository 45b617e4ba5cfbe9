/* Disks, found by the UUID of their ext4 file system. */
#ifndef BANGER_DISKS_H
#define BANGER_DISKS_H

#include "configuration.h"

/* Looks for the disks that have no device yet; returns how many are still missing. */
size_t disks_find(struct disk *disks, size_t count);

/* Looks at all there are: the next disks_find knows them. */
void disks_look_ahead(void);

/* A socket that becomes readable when the kernel has found a device or a driver, or -1 and errno. */
int disks_watch(void);

/* xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx */
void disks_uuid_text(const uint8_t uuid[16], char text[37]);

#endif
