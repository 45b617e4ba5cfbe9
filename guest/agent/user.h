/* Users of the guest, read from its own /etc/passwd and /etc/group: a static program has no use for NSS. */
#ifndef BANGER_USER_H
#define BANGER_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { USER_GROUPS = 256, USER_NAME = 256, USER_PATH = 4097 };

struct user {
    uid_t uid;
    gid_t gid;
    gid_t groups[USER_GROUPS]; /* supplementary, the primary one included */
    size_t group_count;
    char name[USER_NAME]; /* the number as text when nobody has it */
    char home[USER_PATH];
    char shell[USER_PATH];
};

/* False (in tests) leaves every process with the agent's own user: user_become then does nothing. */
extern bool users_switch;

/* Finds who `name`, `uid`, `name:group` or `uid:gid` is; empty is root (or, without users_switch, the agent's own user). A uid or gid that stands in no file is taken as it is,
 * a name must be there; root is there without any file. 0, or ENOENT, EINVAL or what reading gave. */
int user_find(const char *specification, struct user *user);

/* Makes this process (a child of the agent) run as the user, for good. 0 or errno. */
int user_become(const struct user *user);

/* Takes a decimal number below 2^32 - 1. */
bool user_number(const char *text, unsigned *number);

#endif
