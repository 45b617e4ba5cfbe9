/* Mounts: the initramfs' own, and the guest's root. */
#ifndef BANGER_MOUNTS_H
#define BANGER_MOUNTS_H

#include "configuration.h"

/* Where the layers of an overlay root stay reachable, to be grown and trimmed. */
#define LAYER_BASE "/run/banger/layers/base"
#define LAYER_UPPER "/run/banger/layers/upper"

/* proc, sysfs, devtmpfs and what else every root needs. */
void mounts_begin(void);

/* Makes the directories that a root will want. */
void mounts_look_ahead(void);

/* Mounts the root from the disks and makes it this process's root. NULL, or what failed (errno says why): then nothing is
 * mounted. Work disks that fail are warnings. */
const char *mounts_enter_root(struct configuration *configuration);

/* NULL: there is none. */
const struct disk *mounts_work_disk(struct configuration *configuration);

/* Binds directories of the work disk to their targets; those that fail are warnings. */
void mounts_bind(struct configuration *configuration);

/* Whether the base is not the root but only to be read: its mount point is another one. */
bool mounts_only_shows(struct configuration *configuration);

/* Mounts base and upper, merged and read-only, at the base's mount point. As mounts_enter_root on failure. */
const char *mounts_show(struct configuration *configuration);

/* How a disk is mounted, beside its flags; NULL: as usual. */
const char *mounts_options(const struct disk *disk);

/* mkdir -p; what is there stays as it is. 0 or errno. */
int mounts_make_directory(const char *path, unsigned mode);

#endif
