/* The sections that end up in the guest's files. Each is idempotent; what fails becomes a warning. */
#ifndef BANGER_ETC_H
#define BANGER_ETC_H

#include "configuration.h"

/* Of etc.c. */
void etc_hostname(struct configuration *configuration);
void etc_machine_id(struct configuration *configuration);
void etc_dns(struct configuration *configuration);
void etc_hosts(struct configuration *configuration);
void etc_files(struct configuration *configuration);

/* Of accounts.c. */
void etc_users(struct configuration *configuration);
void etc_keys(struct configuration *configuration);
void etc_git(struct configuration *configuration);

#endif
