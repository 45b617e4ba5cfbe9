#include "user.h"

#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIELDS = 7, LINE = 65536 };

bool users_switch = true;

bool user_number(const char *text, unsigned *number) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 10 || text[digits] != 0) return false;
    unsigned long long value = strtoull(text, NULL, 10);
    if (value >= UINT32_MAX) return false;
    *number = (unsigned)value;
    return true;
}

/* Splits a line at its colons, in place; missing fields are empty. */
static void split(char *line, char *fields[FIELDS]) {
    line[strcspn(line, "\r\n")] = 0;
    for (int i = 0; i < FIELDS; i++) {
        fields[i] = line;
        line += strcspn(line, ":");
        if (*line == ':') *line++ = 0;
    }
}

/* Calls each for the split lines of a file; each returns true to stop. No such file is an empty file. */
static int scan(const char *path, bool (*each)(char *fields[FIELDS], void *context), void *context) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return errno == ENOENT ? 0 : errno;
    char *line = malloc(LINE);
    bool stop = line == NULL;
    while (!stop && fgets(line, LINE, file) != NULL) {
        char *fields[FIELDS];
        split(line, fields);
        stop = each(fields, context);
    }
    int error = line == NULL ? ENOMEM : ferror(file) ? EIO : 0;
    free(line);
    fclose(file);
    return error;
}

struct passwd_search {
    const char *name; /* NULL: by uid */
    struct user *user;
    bool found;
};

static void copy(char *out, size_t size, const char *text) { snprintf(out, size, "%s", text); }

static bool match_passwd(char *fields[FIELDS], void *context) {
    struct passwd_search *search = context;
    unsigned uid, gid;
    if (!user_number(fields[2], &uid) || !user_number(fields[3], &gid)) return false;
    if (search->name != NULL ? strcmp(search->name, fields[0]) != 0 : uid != search->user->uid) return false;
    struct user *user = search->user;
    user->uid = uid;
    user->gid = gid;
    copy(user->name, sizeof user->name, fields[0]);
    copy(user->home, sizeof user->home, fields[5][0] == '/' ? fields[5] : "/");
    copy(user->shell, sizeof user->shell, fields[6][0] == '/' ? fields[6] : "/bin/sh");
    search->found = true;
    return true;
}

struct group_search {
    const char *name; /* the group that is wanted, or NULL: collect the groups of user */
    struct user *user;
    gid_t gid;
    bool found;
};

static bool lists_member(char *members, const char *name) {
    for (char *rest = members, *member; (member = strsep(&rest, ",")) != NULL;) {
        if (strcmp(member, name) == 0) return true;
    }
    return false;
}

static bool match_group(char *fields[FIELDS], void *context) {
    struct group_search *search = context;
    unsigned gid;
    if (!user_number(fields[2], &gid)) return false;
    if (search->name != NULL) {
        if (strcmp(fields[0], search->name) != 0) return false;
        search->gid = gid;
        search->found = true;
        return true;
    }
    struct user *user = search->user;
    if (gid != user->gid && lists_member(fields[3], user->name) && user->group_count < USER_GROUPS) {
        user->groups[user->group_count++] = gid;
    }
    return user->group_count == USER_GROUPS;
}

static void become_stranger(struct user *user, unsigned uid) {
    user->uid = uid;
    user->gid = 0;
    struct stat home;
    bool root_home = uid == 0 && stat("/root", &home) == 0 && S_ISDIR(home.st_mode);
    copy(user->home, sizeof user->home, root_home ? "/root" : "/");
    copy(user->shell, sizeof user->shell, "/bin/sh");
    if (uid == 0) {
        copy(user->name, sizeof user->name, "root");
    } else {
        snprintf(user->name, sizeof user->name, "%u", uid);
    }
}

static int find_primary(const char *name, struct user *user) {
    struct passwd_search search = {.name = name, .user = user};
    int error = scan("/etc/passwd", match_passwd, &search);
    if (error != 0 || search.found) return error;
    unsigned uid = 0;
    bool number = user_number(name, &uid);
    if (!number && strcmp(name, "root") != 0) return ENOENT;
    user->uid = uid;
    search = (struct passwd_search){.user = user};
    error = scan("/etc/passwd", match_passwd, &search);
    if (error == 0 && !search.found) become_stranger(user, uid);
    return error;
}

static int find_group(const char *name, gid_t *gid) {
    struct group_search search = {.name = name};
    int error = scan("/etc/group", match_group, &search);
    if (error != 0) return error;
    unsigned number;
    if (search.found) {
        *gid = search.gid;
    } else if (user_number(name, &number)) {
        *gid = number;
    } else if (strcmp(name, "root") == 0) {
        *gid = 0;
    } else {
        return ENOENT;
    }
    return 0;
}

int user_find(const char *specification, struct user *user) {
    memset(user, 0, sizeof *user);
    char name[USER_NAME];
    size_t length = strcspn(specification, ":");
    if (length >= sizeof name) return EINVAL;
    memcpy(name, specification, length);
    name[length] = 0;
    const char *group = specification[length] == ':' ? specification + length + 1 : NULL;
    if (length == 0) snprintf(name, sizeof name, "%u", users_switch ? 0 : getuid());
    int error = find_primary(name, user);
    if (error == 0 && group != NULL && *group != 0) error = find_group(group, &user->gid);
    if (error != 0) return error;
    user->groups[user->group_count++] = user->gid;
    struct group_search search = {.user = user};
    return scan("/etc/group", match_group, &search);
}

int user_become(const struct user *user) {
    if (!users_switch) return 0;
    if (setgroups(user->group_count, user->groups) != 0) return errno;
    if (setresgid(user->gid, user->gid, user->gid) != 0) return errno;
    if (setresuid(user->uid, user->uid, user->uid) != 0) return errno;
    return 0;
}
