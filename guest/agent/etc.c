#include "etc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "user.h"

#define HOSTS "/etc/hosts"
#define HOSTS_BEGIN "# banger: begin\n"
#define HOSTS_END "# banger: end\n"
#define HOSTS_NAME "# banger: host name\n"
#define HOSTS_NEW "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

static void report(struct configuration *configuration, const char *path, int error) {
    if (error != 0) configuration_warn(configuration, "cannot write %s: %s", path, strerror(error));
}

static bool ends_with(const char *text, size_t length, const char *end) {
    size_t size = strlen(end);
    return length >= size && memcmp(text + length - size, end, size) == 0;
}

/* Copies the lines of /etc/hosts to out, without our block, or without our host name's line. */
static void copy_hosts(FILE *out, bool drop_block, bool drop_name) {
    char *old = files_read(HOSTS, NULL);
    bool inside = false;
    for (const char *line = old == NULL ? HOSTS_NEW : old; *line != 0;) {
        size_t length = strcspn(line, "\n");
        length += line[length] == '\n';
        bool begins = ends_with(line, length, HOSTS_BEGIN);
        if (begins) inside = true;
        bool dropped = (drop_block && inside) || (drop_name && ends_with(line, length, HOSTS_NAME));
        if (!dropped) fwrite(line, 1, length, out);
        if (!dropped && line[length - 1] != '\n') fputc('\n', out);
        if (ends_with(line, length, HOSTS_END)) inside = false;
        line += length;
    }
    free(old);
}

/* Ends a text begun by open_memstream and makes it a file. */
static void update(struct configuration *configuration, const char *path, FILE *out, char **text) {
    int error = fclose(out) != 0 ? ENOMEM : files_update(path, *text);
    report(configuration, path, error);
    free(*text);
}

void etc_hostname(struct configuration *configuration) {
    const char *name = configuration->hostname;
    if (name == NULL) return;
    if (sethostname(name, strlen(name)) != 0) configuration_warn(configuration, "cannot set the host name: %s", strerror(errno));
    char line[80];
    snprintf(line, sizeof line, "%s\n", name);
    report(configuration, "/etc/hostname", files_update("/etc/hostname", line));
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return;
    copy_hosts(out, false, true);
    fprintf(out, "127.0.1.1\t%s\t" HOSTS_NAME, name);
    update(configuration, HOSTS, out, &text);
}

void etc_machine_id(struct configuration *configuration) {
    if (configuration->machine_id == NULL) return;
    char line[40];
    int length = snprintf(line, sizeof line, "%s\n", configuration->machine_id);
    report(configuration, "/etc/machine-id", files_write("/etc/machine-id", line, (size_t)length, 0444, 0, 0));
}

void etc_dns(struct configuration *configuration) {
    if (!configuration->has_dns) return;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return;
    if (configuration->search_count > 0) fputs("search", out);
    for (size_t i = 0; i < configuration->search_count; i++) fprintf(out, " %s", configuration->search[i]);
    if (configuration->search_count > 0) fputc('\n', out);
    for (size_t i = 0; i < configuration->server_count; i++) fprintf(out, "nameserver %s\n", configuration->servers[i]);
    update(configuration, "/etc/resolv.conf", out, &text);
}

void etc_hosts(struct configuration *configuration) {
    if (!configuration->has_hosts) return;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return;
    copy_hosts(out, true, false);
    fputs(HOSTS_BEGIN, out);
    for (size_t i = 0; i < configuration->host_count; i++) {
        fprintf(out, "%s\t%s\n", configuration->hosts[i].address, configuration->hosts[i].names);
    }
    fputs(HOSTS_END, out);
    update(configuration, HOSTS, out, &text);
}

/* 0 or errno. */
static int write_file(const struct file *file, struct user *owner) {
    int error = user_find(file->owner, owner);
    return error != 0 ? error : files_write(file->path, file->content, file->length, file->mode, owner->uid, owner->gid);
}

void etc_files(struct configuration *configuration) {
    struct user *owner = malloc(sizeof *owner);
    for (size_t i = 0; owner != NULL && i < configuration->file_count; i++) {
        report(configuration, configuration->files[i].path, write_file(&configuration->files[i], owner));
    }
    free(owner);
}
