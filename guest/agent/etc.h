/* The sections that end up in the guest's files. Each is idempotent; what fails becomes a warning. */
#ifndef BANGER_ETC_H
#define BANGER_ETC_H

#include "configuration.h"
#include "user.h"

/* Of etc.c. */
void etc_hostname(struct configuration *configuration);
void etc_machine_id(struct configuration *configuration);
void etc_dns(struct configuration *configuration);
void etc_hosts(struct configuration *configuration);
void etc_files(struct configuration *configuration);

/* Of accounts.c. */
void etc_users(struct configuration *configuration);

typedef int home_work(const struct user *user, const void *context);

/* Works in a user's home as that user: nothing planted there can lead root astray. Root itself needs no child. 0 or errno. */
int work_at_home(const char *name, home_work *work, const void *context);

/* Of synced.c. */
void etc_synced(struct configuration *configuration);

#endif
