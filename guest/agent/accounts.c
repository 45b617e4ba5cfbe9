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

static bool has_line(const char *text, const char *wanted) {
    size_t length = strlen(wanted);
    for (const char *line = text; *line != 0; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, wanted, length) == 0 && (line[length] == '\n' || line[length] == 0)) return true;
    }
    return false;
}

typedef int home_work(const struct user *user, const void *context);

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

/* Works in a user's home as that user: nothing planted there can lead root astray. Root itself needs no child. 0 or errno. */
static int work_at_home(const char *name, home_work *work, const void *context) {
    struct user *user = malloc(sizeof *user);
    int error = user == NULL ? ENOMEM : user_find(name, user);
    if (error == 0) error = user->uid == 0 && users_switch ? work(user, context) : work_as(user, work, context);
    free(user);
    return error;
}

static int add_keys(const struct user *user, const void *context) {
    const struct user_keys *keys = context;
    char directory[USER_PATH + 16], path[USER_PATH + 48];
    snprintf(directory, sizeof directory, "%s/.ssh", user->home);
    snprintf(path, sizeof path, "%s/authorized_keys", directory);
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) return errno;
    if (chmod(directory, 0700) != 0) return errno;
    char *old = files_read(path, NULL);
    if (old == NULL && errno != ENOENT) return errno;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return ENOMEM;
    const char *before = old == NULL ? "" : old;
    fputs(before, out);
    if (before[0] != 0 && before[strlen(before) - 1] != '\n') fputc('\n', out);
    for (size_t i = 0; i < keys->count; i++) {
        if (keys->keys[i][0] != 0 && !has_line(before, keys->keys[i])) fprintf(out, "%s\n", keys->keys[i]);
    }
    if (fclose(out) != 0) return ENOMEM;
    int error = strcmp(text, before) == 0 ? 0 : files_write(path, text, size, 0600, user->uid, user->gid);
    free(text);
    free(old);
    return error;
}

static void write_quoted(FILE *out, const char *key, const char *value) {
    fprintf(out, "\t%s = \"", key);
    for (; *value != 0; value++) {
        if (*value == '"' || *value == '\\') fputc('\\', out);
        fputc(*value, out);
    }
    fputs("\"\n", out);
}

static int write_git(const struct user *user, const void *context) {
    const struct configuration *configuration = context;
    char path[USER_PATH + 16];
    snprintf(path, sizeof path, "%s/.gitconfig", user->home);
    if (access(path, F_OK) == 0) return 0;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return ENOMEM;
    fputs("[user]\n", out);
    if (configuration->git_name[0] != 0) write_quoted(out, "name", configuration->git_name);
    if (configuration->git_email[0] != 0) write_quoted(out, "email", configuration->git_email);
    if (fclose(out) != 0) return ENOMEM;
    return files_write(path, text, size, 0644, user->uid, user->gid);
}

void etc_keys(struct configuration *configuration) {
    for (size_t i = 0; i < configuration->keys_count; i++) {
        const struct user_keys *keys = &configuration->keys[i];
        int error = work_at_home(keys->user, add_keys, keys);
        if (error != 0) configuration_warn(configuration, "cannot add keys for user '%s': %s", keys->user, strerror(error));
    }
}

void etc_git(struct configuration *configuration) {
    if (configuration->git_user == NULL) return;
    int error = work_at_home(configuration->git_user, write_git, configuration);
    if (error == 0) return;
    configuration_warn(configuration, "cannot write .gitconfig of user '%s': %s", configuration->git_user, strerror(error));
}
