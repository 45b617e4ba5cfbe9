/* Drives a guest that was booted for a test: boot_client SOCKET STEP...
 *   hello            says HELLO and prints INFO
 *   again            says HELLO anew, with filler, as a host that came back
 *   init=MODE, base=UUID, upper=UUID, work=UUID:DIRECTORY, nic=MAC:ADDRESS, bind=SOURCE:TARGET  are gathered for
 *   configure        and prints the timings
 *   refuse           the same, but the guest must refuse it, and take another configuration after that
 *   apply            users, keys, files, git, hosts: twice, with no warning
 *   identity         the same and the gathered nics, as after a snapshot
 *   run=COMMAND      a shell command: prints its output, fails when it fails
 *   exec=PROGRAM     the program itself, without a shell
 *   poll=COMMAND     runs it until it succeeds, up to two minutes
 *   power=GRACE      and waits for the channel's end */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

static struct client client;
static struct wire_writer sections;
static uint16_t section_count;
static struct wire_writer disks;
static uint16_t disk_count;

static void parse_hex(const char *text, uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        while (*text == '-' || *text == ':') text++;
        unsigned value;
        if (sscanf(text, "%2x", &value) != 1) fail_test("bad hex digits: %s", text);
        bytes[i] = (uint8_t)value;
        text += 2;
    }
}

static void put_section(uint16_t tag, struct wire_writer *body) {
    wire_put_u16(&sections, tag);
    wire_put_bytes(&sections, body->data, body->length);
    wire_clear(body);
    section_count++;
}

static void add_disk(uint8_t role, const char *uuid, const char *mount_point, uint8_t flags) {
    uint8_t bytes[16];
    parse_hex(uuid, bytes, sizeof bytes);
    wire_put_u8(&disks, role);
    wire_put_bytes(&disks, bytes, sizeof bytes);
    wire_put_text(&disks, mount_point);
    wire_put_u8(&disks, flags);
    disk_count++;
}

static void add_nic(const char *text) {
    uint8_t mac[6];
    parse_hex(text, mac, sizeof mac);
    struct wire_writer body = {0};
    wire_put_u16(&body, 1);
    wire_put_bytes(&body, mac, sizeof mac);
    wire_put_u16(&body, 1);
    wire_put_text(&body, text + 18);
    wire_put_u16(&body, 1);
    wire_put_text(&body, "0.0.0.0/0");
    wire_put_text(&body, "10.0.2.2");
    wire_put_u32(&body, 0);
    wire_put_u16(&body, 0);
    put_section(8, &body);
}

static void add_bind(char *text) {
    char *target = strchr(text, ':');
    *target++ = 0;
    struct wire_writer body = {0};
    wire_put_u16(&body, 1);
    wire_put_text(&body, text);
    wire_put_text(&body, target);
    wire_put_u8(&body, 0);
    put_section(7, &body);
}

/* What every guest gets. */
static void add_common(void) {
    struct wire_writer body = {0};
    wire_put_text(&body, "boot-test");
    put_section(1, &body);
    wire_put_text(&body, "0123456789abcdef0123456789abcdef");
    put_section(2, &body);
    wire_put_i64(&body, (int64_t)time(NULL) * 1000000000);
    put_section(3, &body);
    uint8_t entropy[32];
    random_id(entropy);
    random_id(entropy + 16);
    wire_put_bytes(&body, entropy, sizeof entropy);
    put_section(4, &body);
    wire_put_u16(&body, 1);
    wire_put_text(&body, "10.0.2.3");
    wire_put_u16(&body, 0);
    put_section(9, &body);
    wire_put_u16(&body, 1);
    wire_put_text(&body, "EXTRA=from the configuration");
    put_section(15, &body);
}

static void print_timings(struct wire_reader *reader) {
    struct arena arena = {0};
    size_t count = wire_count(reader, 12);
    for (size_t i = 0; i < count; i++) {
        const char *name = wire_text(reader, &arena, WIRE_NAME_LIMIT);
        printf(" %s=%.1fms", name, (double)wire_u64(reader) / 1e6);
    }
    printf("\n");
    arena_free(&arena);
}

static struct reply send_configuration(void) {
    struct wire_writer body = {0};
    wire_put_u16(&body, disk_count);
    wire_put_raw(&body, disks.data, disks.length);
    put_section(6, &body);
    add_common();
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_CONFIGURE);
    wire_put_u16(&writer, section_count);
    wire_put_raw(&writer, sections.data, sections.length);
    wire_clear(&sections);
    section_count = 0;
    wire_clear(&disks);
    disk_count = 0;
    return client_ask(&client, &writer);
}

static void refuse(void) {
    struct reply reply = send_configuration();
    if (reply.kind != WIRE_ERROR) fail_test("CONFIGURE was not refused");
    printf("refused: code %u, errno %u: %s\n", reply.code, reply.error_number, reply.message);
    reply_free(&reply);
}

static void configure(void) {
    struct reply reply = send_configuration();
    if (reply.kind != WIRE_OK) fail_test("CONFIGURE: %s", reply.message);
    struct wire_reader reader = wire_reader(reply.body, reply.length);
    struct arena arena = {0};
    printf("ready:");
    print_timings(&reader);
    size_t count = wire_count(&reader, 4);
    for (size_t i = 0; i < count; i++) printf("warning: %s\n", wire_text(&reader, &arena, WIRE_TEXT_LIMIT));
    printf("init mode %u\n", wire_u8(&reader));
    arena_free(&arena);
    reply_free(&reply);
}

/* What a running guest takes, too. */
static void add_accounts(void) {
    struct wire_writer body = {0};
    wire_put_u16(&body, 1);
    wire_put_text(&body, "10.9.8.7");
    wire_put_text(&body, "peer peer.vm");
    put_section(10, &body);
    wire_put_u16(&body, 1);
    wire_put_text(&body, "/opt/deep/file");
    wire_put_u32(&body, 0640);
    wire_put_text(&body, "dev");
    wire_put_bytes(&body, "content\n", 8);
    put_section(11, &body);
    wire_put_u16(&body, 1);
    wire_put_text(&body, "dev");
    wire_put_u32(&body, 1000);
    wire_put_u32(&body, 1000);
    wire_put_text(&body, "/home/dev");
    wire_put_text(&body, "/bin/sh");
    wire_put_u16(&body, 1);
    wire_put_text(&body, "staff");
    put_section(12, &body);
    wire_put_u16(&body, 1);
    wire_put_text(&body, "dev");
    wire_put_u16(&body, 2);
    wire_put_text(&body, "ssh-ed25519 AAAA one");
    wire_put_text(&body, "ssh-ed25519 BBBB two");
    put_section(13, &body);
    wire_put_text(&body, "dev");
    wire_put_text(&body, "A \"Dev\" Eloper");
    wire_put_text(&body, "dev@example");
    put_section(14, &body);
}

static void apply(uint16_t kind) {
    add_accounts();
    struct wire_writer writer = {0};
    wire_begin(&writer, kind);
    wire_put_u16(&writer, section_count);
    wire_put_raw(&writer, sections.data, sections.length);
    struct reply reply = client_ask(&client, &writer);
    if (reply.kind != WIRE_OK) fail_test("APPLY: %s", reply.message);
    struct wire_reader reader = wire_reader(reply.body, reply.length);
    struct arena arena = {0};
    size_t count = wire_count(&reader, 4);
    for (size_t i = 0; i < count; i++) printf("warning: %s\n", wire_text(&reader, &arena, WIRE_TEXT_LIMIT));
    if (count > 0) fail_test("APPLY gave warnings");
    arena_free(&arena);
    reply_free(&reply);
    wire_clear(&sections);
    section_count = 0;
}

static void info(void) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_INFO);
    struct reply reply = client_ask(&client, &writer);
    struct wire_reader reader = wire_reader(reply.body, reply.length);
    struct arena arena = {0};
    printf("protocol %u", wire_u16(&reader));
    printf(" agent %s", wire_text(&reader, &arena, WIRE_NAME_LIMIT));
    printf(" kernel %s", wire_text(&reader, &arena, WIRE_NAME_LIMIT));
    printf(" boot %s", wire_text(&reader, &arena, WIRE_NAME_LIMIT));
    printf(" phase %u", wire_u8(&reader));
    printf(" init %u:", wire_u8(&reader));
    print_timings(&reader);
    if (!wire_finished(&reader)) fail_test("malformed INFO");
    arena_free(&arena);
    reply_free(&reply);
}

static uint32_t run(const char *const argv[], bool print) {
    uint32_t code;
    uint64_t start = now_milliseconds();
    char *output = exec_run(&client, argv, &code, NULL);
    if (print) printf("%s[exit %u, %llu ms]\n", output, code, (unsigned long long)(now_milliseconds() - start));
    free(output);
    return code;
}

static void shell(const char *command) {
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    printf("$ %s\n", command);
    if (run(argv, true) != 0) fail_test("the command failed: %s", command);
}

static void poll_shell(const char *command) {
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    uint64_t end = now_milliseconds() + 120000;
    while (run(argv, false) != 0) {
        if (now_milliseconds() > end) fail_test("never succeeded: %s", command);
        usleep(200000);
    }
    shell(command);
}

static void power(const char *grace) {
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_POWER);
    wire_put_u8(&writer, 0);
    wire_put_u32(&writer, (uint32_t)atoi(grace));
    uint64_t start = now_milliseconds();
    struct reply reply = client_ask(&client, &writer);
    if (reply.kind != WIRE_OK) fail_test("POWER: %s", reply.message);
    reply_free(&reply);
    while (!client.lost && now_milliseconds() < start + 90000) client_pump(&client, 1000);
    if (!client.lost) fail_test("the machine did not end");
    printf("ended after %llu ms\n", (unsigned long long)(now_milliseconds() - start));
}

static void step(char *name, const char *socket) {
    char *value = strchr(name, '=');
    if (value != NULL) *value++ = 0;
    struct wire_writer body = {0};
    if (strcmp(name, "hello") == 0 || strcmp(name, "again") == 0) {
        bool again = name[0] == 'a';
        if (again) client_close(&client);
        client_hello(&client, client_dial(socket), again);
        info();
    } else if (strcmp(name, "init") == 0) {
        wire_put_u8(&body, (uint8_t)atoi(value));
        put_section(5, &body);
    } else if (strcmp(name, "base") == 0) {
        add_disk(1, value, "/", 0);
    } else if (strcmp(name, "upper") == 0) {
        add_disk(2, value, "", 2);
    } else if (strcmp(name, "work") == 0) {
        add_disk(3, value, strchr(value, ':') + 1, 2);
    } else if (strcmp(name, "nic") == 0) {
        add_nic(value);
    } else if (strcmp(name, "bind") == 0) {
        add_bind(value);
    } else if (strcmp(name, "configure") == 0) {
        configure();
    } else if (strcmp(name, "refuse") == 0) {
        refuse();
    } else if (strcmp(name, "apply") == 0) {
        apply(WIRE_APPLY);
        apply(WIRE_APPLY);
    } else if (strcmp(name, "identity") == 0) {
        apply(WIRE_IDENTITY);
    } else if (strcmp(name, "run") == 0) {
        shell(value);
    } else if (strcmp(name, "poll") == 0) {
        poll_shell(value);
    } else if (strcmp(name, "exec") == 0) {
        const char *const argv[] = {value, NULL};
        if (run(argv, true) != 0) fail_test("%s failed", value);
    } else if (strcmp(name, "power") == 0) {
        power(value);
    } else {
        fail_test("no such step: %s", name);
    }
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc < 3) fail_test("usage: boot_client SOCKET STEP...");
    for (int i = 2; i < argc; i++) step(argv[i], argv[1]);
    client_close(&client);
    return 0;
}
