/* Users, their SSH keys and their git identity. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "etc.h"
#include "files.h"
#include "mounts.h"
#include "user.h"

/* Whether a file of colon-separated lines has one whose first field is the name. */
static bool has_entry(const char *text, const char *name) {
    size_t length = strlen(name);
    for (const char *line = text; *line != 0; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, name, length) == 0 && line[length] == ':') return true;
    }
    return false;
}

/* Adds a line to a file when its first field is not there yet. 0 or errno. */
static int add_entry(const char *path, const char *name, const char *line, mode_t mode) {
    char *old = files_read(path, NULL);
    if (old == NULL && errno != ENOENT) return errno;
    int error = 0;
    if (old == NULL) {
        error = files_write(path, line, strlen(line), mode, 0, 0);
    } else if (!has_entry(old, name)) {
        size_t length = strlen(old);
        char *text = malloc(length + strlen(line) + 2);
        if (text != NULL) sprintf(text, "%s%s%s", old, length > 0 && old[length - 1] != '\n' ? "\n" : "", line);
        error = text == NULL ? ENOMEM : files_update(path, text);
        free(text);
    }
    free(old);
    return error;
}

/* Adds the name to the members of a group that is there. 0 or errno. */
static int join_group(const char *group, const char *name) {
    char *old = files_read("/etc/group", NULL);
    if (old == NULL) return errno;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool found = false;
    size_t group_length = strlen(group), name_length = strlen(name);
    for (const char *line = old; out != NULL && *line != 0;) {
        size_t length = strcspn(line, "\n");
        fwrite(line, 1, length, out);
        if (strncmp(line, group, group_length) == 0 && line[group_length] == ':') {
            found = true;
            const char *members = line + length;
            while (members > line && members[-1] != ':') members--;
            bool member = false;
            for (const char *at = members; at < line + length; at += strcspn(at, ",\n") + 1) {
                if (strncmp(at, name, name_length) == 0 && strchr(",\n", at[name_length]) != NULL) member = true;
            }
            if (!member) fprintf(out, "%s%s", members == line + length ? "" : ",", name);
        }
        fputc('\n', out);
        line += length + (line[length] == '\n');
    }
    int error = out == NULL || fclose(out) != 0 ? ENOMEM : !found ? ENOENT : files_update("/etc/group", text);
    free(text);
    free(old);
    return error;
}

static int make_home(const struct new_user *user) {
    struct stat status;
    if (stat(user->home, &status) == 0) return 0;
    int error = mounts_make_directory(user->home, 0755);
    if (error == 0 && chown(user->home, user->uid, user->gid) != 0) error = errno;
    return error;
}

/* Whether a group has this number. */
static bool has_group(gid_t gid) {
    char *text = files_read("/etc/group", NULL);
    bool found = false;
    for (const char *line = text; line != NULL && *line != 0 && !found; line += strcspn(line, "\n"), line += *line == '\n') {
        unsigned number;
        found = sscanf(line, "%*[^:\n]:%*[^:\n]:%u:", &number) == 1 && number == gid;
    }
    free(text);
    return found;
}

static int add_user(const struct new_user *user) {
    char line[9000];
    snprintf(line, sizeof line, "%s:x:%u:\n", user->name, user->gid);
    int error = has_group(user->gid) ? 0 : add_entry("/etc/group", user->name, line, 0644);
    snprintf(line, sizeof line, "%s:x:%u:%u::%s:%s\n", user->name, user->uid, user->gid, user->home,
        user->shell[0] == 0 ? "/bin/sh" : user->shell);
    if (error == 0) error = add_entry("/etc/passwd", user->name, line, 0644);
    snprintf(line, sizeof line, "%s:!:19000:0:99999:7:::\n", user->name);
    if (error == 0) error = add_entry("/etc/shadow", user->name, line, 0640);
    return error == 0 ? make_home(user) : error;
}

void etc_users(struct configuration *configuration) {
    for (size_t i = 0; i < configuration->user_count; i++) {
        const struct new_user *user = &configuration->users[i];
        int error = add_user(user);
        if (error != 0) configuration_warn(configuration, "cannot add user %s: %s", user->name, strerror(error));
        for (size_t j = 0; error == 0 && j < user->group_count; j++) {
            int failed = join_group(user->groups[j], user->name);
            if (failed == 0) continue;
            configuration_warn(configuration, "cannot add user %s to group %s: %s", user->name, user->groups[j], strerror(failed));
        }
    }
}

/* In a child, which becomes the user. */
static int work_as(const struct user *user, home_work *work, const void *context) {
    pid_t pid = fork();
    if (pid < 0) return errno;
    if (pid == 0) {
        int error = user_become(user);
        _exit(error != 0 ? error : work(user, context));
    }
    int status;
    if (waitpid(pid, &status, 0) != pid) return ECHILD;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

int work_at_home(const char *name, home_work *work, const void *context) {
    struct user *user = malloc(sizeof *user);
    int error = user == NULL ? ENOMEM : user_find(name, user);
    if (error == 0) error = user->uid == 0 && users_switch ? work(user, context) : work_as(user, work, context);
    free(user);
    return error;
}
