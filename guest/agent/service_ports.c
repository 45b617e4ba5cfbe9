/* PORTS: what listens in the agent's network namespace, and which process it belongs to. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "services.h"

enum { PORTS = 8192, LINE = 512, TCP = 6, UDP = 17, TCP_LISTENS = 10, UDP_UNCONNECTED = 7 };

struct port {
    uint8_t protocol;
    uint8_t address[16];
    size_t address_length;
    uint16_t number;
    uint32_t uid;
    uint64_t inode;
    uint32_t pid;
    char process[32];
};

struct ports {
    struct port *items;
    size_t count;
};

/* The kernel prints an address as 32-bit words in the machine's own byte order. */
static bool parse_address(const char *text, struct port *port) {
    size_t digits = strspn(text, "0123456789ABCDEF");
    if (digits != 8 && digits != 32) return false;
    port->address_length = digits / 2;
    for (size_t word = 0; word < digits / 8; word++) {
        uint32_t value;
        if (sscanf(text + word * 8, "%8" SCNx32, &value) != 1) return false;
        memcpy(port->address + word * 4, &value, sizeof value);
    }
    return true;
}

static void read_sockets(const char *path, uint8_t protocol, struct ports *ports) {
    char line[LINE];
    FILE *file = fopen(path, "re");
    if (file == NULL) return; /* a kernel without IPv6 */
    while (ports->count < PORTS && fgets(line, sizeof line, file) != NULL) {
        char address[64];
        unsigned number, state;
        struct port port = {.protocol = protocol};
        if (sscanf(line, " %*u: %63[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %" SCNu32 " %*u %" SCNu64, address, &number, &state,
                   &port.uid, &port.inode) != 5) {
            continue;
        }
        if (state != (protocol == TCP ? TCP_LISTENS : UDP_UNCONNECTED) || !parse_address(address, &port)) continue;
        port.number = (uint16_t)number;
        ports->items[ports->count++] = port;
    }
    fclose(file);
}

static int by_inode(const void *one, const void *other) {
    uint64_t a = ((const struct port *)one)->inode, b = ((const struct port *)other)->inode;
    return (a > b) - (a < b);
}

static void read_name(int process, char name[32]) {
    int file = openat(process, "comm", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? 0 : read(file, name, 31);
    name[length > 0 ? length : 0] = 0;
    name[strcspn(name, "\n")] = 0;
    if (file >= 0) close(file);
}

/* Sets the process of the port that has this inode; the process that was seen first stays. */
static void assign(struct ports *ports, uint64_t inode, int process, uint32_t pid) {
    struct port key = {.inode = inode};
    struct port *port = bsearch(&key, ports->items, ports->count, sizeof key, by_inode);
    if (port == NULL || port->pid != 0) return;
    port->pid = pid;
    read_name(process, port->process);
}

static void search_descriptors(struct ports *ports, int process, uint32_t pid) {
    int descriptors = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = descriptors < 0 ? NULL : fdopendir(descriptors);
    if (directory == NULL) {
        if (descriptors >= 0) close(descriptors);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char target[64];
        uint64_t inode;
        ssize_t length = readlinkat(descriptors, entry->d_name, target, sizeof target - 1);
        if (length <= 0) continue;
        target[length] = 0;
        if (sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1) assign(ports, inode, process, pid);
    }
    closedir(directory);
}

static void find_processes(struct ports *ports) {
    DIR *directory = opendir("/proc");
    if (directory == NULL) return;
    qsort(ports->items, ports->count, sizeof *ports->items, by_inode);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        int process = openat(dirfd(directory), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (process < 0) continue;
        search_descriptors(ports, process, (uint32_t)strtoul(entry->d_name, NULL, 10));
        close(process);
    }
    closedir(directory);
}

static int by_number(const void *one, const void *other) {
    const struct port *a = one, *b = other;
    if (a->protocol != b->protocol) return a->protocol - b->protocol;
    if (a->number != b->number) return a->number - b->number;
    return memcmp(a->address, b->address, sizeof a->address);
}

static void put_port(struct wire_writer *writer, const struct port *port) {
    wire_put_u8(writer, port->protocol);
    wire_put_bytes(writer, port->address, port->address_length);
    wire_put_u16(writer, port->number);
    wire_put_u32(writer, port->pid);
    wire_put_text(writer, port->process);
    wire_put_u32(writer, port->uid);
}

int service_ports(const uint8_t *body, size_t length, int fd) {
    struct ports ports = {.items = calloc(PORTS, sizeof *ports.items)};
    (void)body;
    if (length != 0) {
        answer_error(fd, CODE_MALFORMED, "the request has a body of %zu bytes, and should have none", length);
    } else if (ports.items == NULL) {
        answer_error(fd, CODE_LIMIT, "no memory for the list of ports");
    } else {
        struct wire_writer writer = {0};
        read_sockets("/proc/net/tcp", TCP, &ports);
        read_sockets("/proc/net/tcp6", TCP, &ports);
        read_sockets("/proc/net/udp", UDP, &ports);
        read_sockets("/proc/net/udp6", UDP, &ports);
        find_processes(&ports);
        qsort(ports.items, ports.count, sizeof *ports.items, by_number);
        wire_begin(&writer, WIRE_OK);
        size_t position = wire_put_count(&writer);
        for (size_t i = 0; i < ports.count; i++) put_port(&writer, &ports.items[i]);
        wire_set_count(&writer, position, ports.count);
        answer_message(fd, &writer);
    }
    free(ports.items);
    return 0;
}
