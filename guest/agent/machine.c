#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "configuration.h"
#include "disks.h"
#include "etc.h"
#include "exec.h"
#include "init.h"
#include "loop.h"
#include "mounts.h"
#include "nics.h"
#include "power.h"
#include "process.h"
#include "reply.h"
#include "request.h"
#include "session.h"
#include "volume.h"

#define DISKS_LIMIT (10 * SECONDS)

enum { PROTOCOL = 1, MARKS = 32 };

bool machine_is_guest;
bool machine_is_process;

static enum machine_phase phase = PHASE_WAITING;
static uint8_t init_mode;
static struct {
    const char *stage;
    uint64_t at;
} marks[MARKS];
static size_t mark_count;
static size_t marks_before; /* the configuration: a failed one leaves none */

/* The configuration that is being applied. */
static struct configuration configuration;
static struct yamux_stream *configurer; /* who waits for the reply; NULL: nobody */

static void devices_changed(struct watch *watch, uint32_t events);
static void disks_late(struct timer *timer);
static struct watch devices = {.fd = -1, .ready = devices_changed};
static struct timer disks_timer = {.fire = disks_late};

bool machine_ready(void) { return phase == PHASE_READY; }
void machine_stopping(void) { phase = PHASE_STOPPING; }
uint8_t machine_init_mode(void) { return init_mode; }

void machine_mark(const char *stage) {
    if (mark_count == MARKS) return;
    marks[mark_count].stage = stage;
    marks[mark_count++].at = clock_boottime();
}

void machine_look_ahead(void) {
    static bool done;
    if (done || phase != PHASE_WAITING || session_yamux() == NULL) return;
    done = true;
    mounts_look_ahead();
    disks_look_ahead();
    nics_look_ahead();
    cgroup_look_ahead();
}

static void put_timings(struct wire_writer *writer) {
    wire_put_u16(writer, (uint16_t)mark_count);
    for (size_t i = 0; i < mark_count; i++) {
        wire_put_text(writer, marks[i].stage);
        wire_put_u64(writer, marks[i].at);
    }
}

static void put_warnings(struct wire_writer *writer, const struct configuration *from) {
    wire_put_u16(writer, (uint16_t)from->warning_count);
    for (size_t i = 0; i < from->warning_count; i++) wire_put_text(writer, from->warnings[i]);
}

void machine_info(struct yamux_stream *stream, struct wire_reader body) {
    if (!wire_finished(&body)) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed INFO");
        return;
    }
    struct utsname system = {0};
    char boot[64] = "";
    uname(&system);
    process_read_text("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    wire_put_u16(&writer, PROTOCOL);
    wire_put_text(&writer, BANGER_VERSION);
    wire_put_text(&writer, system.release);
    wire_put_text(&writer, boot);
    wire_put_u8(&writer, (uint8_t)phase);
    wire_put_u8(&writer, init_mode);
    put_timings(&writer);
    wire_end(&writer);
    reply_last(stream, &writer);
}

/* The clock and the pool come before all that could use them. */
static void apply_first(struct configuration *from) {
    int error = from->entropy != NULL ? entropy_add(from->entropy) : 0;
    if (error != 0) configuration_warn(from, "cannot credit entropy: %s", strerror(error));
    error = from->has_clock ? clock_set(from->clock) : 0;
    if (error != 0) configuration_warn(from, "cannot set the clock: %s", strerror(error));
}

static void apply_environment(struct configuration *from) {
    if (from->has_environment) exec_set_environment(from->environment, from->environment_count);
}

static void apply_sections(struct configuration *from) {
    etc_hostname(from);
    machine_mark("hostname");
    etc_machine_id(from);
    etc_dns(from);
    etc_hosts(from);
    etc_users(from);
    etc_files(from);
    etc_synced(from);
    machine_mark("files");
    apply_environment(from);
    if (from->has_nics) nics_apply(from);
}

static void start_entrypoint(void) {
    if (init_mode != INIT_AGENT || configuration.entrypoint_count == 0 || mounts_only_shows(&configuration)) return;
    struct exec_order order = {.argv = configuration.entrypoint, .argument_count = configuration.entrypoint_count,
        .directory = configuration.entrypoint_directory, .user = configuration.entrypoint_user, .flags = EXEC_NO_INPUT | EXEC_CONSOLE | EXEC_MAKE_DIRECTORY, .stop_signal = configuration.stop_signal};
    exec_launch(&order, NULL);
}

static void reply_configured(void) {
    phase = PHASE_READY;
    machine_mark("ready");
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    put_timings(&writer);
    put_warnings(&writer, &configuration);
    wire_put_u8(&writer, init_mode);
    wire_end(&writer);
    if (configurer != NULL) {
        reply_last(configurer, &writer);
        yamux_hold(configurer->session); /* the host has work of its own to do when it knows */
    }
    configurer = NULL;
    wire_clear(&writer);
    start_entrypoint();
    configuration_free(&configuration);
}

/* Nothing was changed: the host may configure again. */
static void configure_failed(enum wire_code code, int error, const char *message) {
    phase = PHASE_WAITING;
    mark_count = marks_before;
    loop_close(&devices);
    timer_cancel(&disks_timer);
    if (configurer != NULL) reply_error(configurer, code, error, "cannot configure the guest: %s", message);
    configurer = NULL;
    configuration_free(&configuration);
}

/* From here on nothing can be taken back: what fails is a warning, and the guest can be looked at. */
static void enter_guest(void) {
    mounts_bind(&configuration);
    apply_sections(&configuration);
    if (!configuration.has_nics) nics_apply(&configuration);
    machine_mark("network");
    const char *init = configuration.init == INIT_AGENT ? NULL : init_find();
    init_mode = init == NULL ? INIT_AGENT : INIT_SYSTEM;
    if (configuration.init == INIT_SYSTEM && init == NULL) {
        configuration_warn(&configuration, "the image has no init that can be executed: init mode agent");
    }
    if (init != NULL) {
        init_prepare(&configuration);
        int error = init_start(init);
        if (error != 0) fatal("cannot fork: %s", strerror(error));
        machine_mark("init-started");
    }
    reply_configured();
}

static void mount_disks(void) {
    loop_close(&devices);
    timer_cancel(&disks_timer);
    machine_mark("disks");
    bool shown = mounts_only_shows(&configuration);
    const char *failure = shown ? mounts_show(&configuration) : mounts_enter_root(&configuration);
    if (failure == NULL && shown) {
        init_mode = INIT_AGENT;
        reply_configured();
        return;
    }
    if (failure == NULL) {
        exec_warm();
        bool later = volumes_fill(&configuration, mounts_work_disk(&configuration), enter_guest);
        if (!later) enter_guest();
        return;
    }
    int error = errno;
    char message[256];
    snprintf(message, sizeof message, "%s: %s", failure, strerror(error));
    configure_failed(CODE_SYSTEM, error, message);
}

static void devices_changed(struct watch *watch, uint32_t events) {
    (void)events;
    char event[8192];
    while (read(watch->fd, event, sizeof event) > 0 || errno == ENOBUFS) continue;
    if (disks_find(configuration.disks, configuration.disk_count) == 0) mount_disks();
}

static void disks_late(struct timer *timer) {
    (void)timer;
    for (size_t i = 0; i < configuration.disk_count; i++) {
        if (configuration.disks[i].device[0] != 0) continue;
        char uuid[37], message[128];
        disks_uuid_text(configuration.disks[i].uuid, uuid);
        snprintf(message, sizeof message, "no disk with UUID %s within %d s", uuid, (int)(DISKS_LIMIT / SECONDS));
        configure_failed(CODE_NOT_FOUND, 0, message);
        return;
    }
}

static void wait_for_disks(void) {
    devices.fd = disks_watch();
    if (disks_find(configuration.disks, configuration.disk_count) == 0) {
        mount_disks();
        return;
    }
    if (devices.fd >= 0) loop_watch(&devices, EPOLLIN);
    timer_set(&disks_timer, DISKS_LIMIT);
}

/* In a test the configuration is only kept. */
static void configure_process(void) {
    configuration_warn(&configuration, "this agent is an ordinary process: what would change the system was skipped");
    apply_environment(&configuration);
    init_mode = INIT_AGENT;
    reply_configured();
}

static void configurer_readable(struct yamux_stream *stream) { (void)stream; }
static void configurer_gone(struct yamux_stream *stream) {
    (void)stream;
    configurer = NULL;
}

static const struct yamux_handler configurer_handlers = {.readable = configurer_readable, .gone = configurer_gone};

void machine_configure(struct yamux_stream *stream, struct wire_reader body) {
    if (phase != PHASE_WAITING) {
        reply_error(stream, CODE_STATE, 0, "cannot configure the guest: it was configured already");
        return;
    }
    const char *wrong = configuration_decode(&configuration, body);
    if (wrong != NULL) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed CONFIGURE: %s", wrong);
        return;
    }
    phase = PHASE_APPLYING;
    marks_before = mark_count;
    machine_mark("configured");
    configurer = stream;
    stream->handler = &configurer_handlers;
    if (!machine_is_guest) {
        configure_process();
        return;
    }
    apply_first(&configuration);
    wait_for_disks();
}

static void apply(struct yamux_stream *stream, struct wire_reader body, bool identity) {
    struct configuration changes;
    const char *request = identity ? "IDENTITY" : "APPLY";
    const char *wrong = configuration_decode(&changes, body);
    if (wrong == NULL && changes.has_disks) wrong = "a running guest takes no disks";
    if (wrong != NULL) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed %s: %s", request, wrong);
        return;
    }
    if (machine_is_guest) {
        apply_first(&changes);
        if (identity) nics_flush(&changes);
        apply_sections(&changes);
    } else {
        configuration_warn(&changes, "this agent is an ordinary process: what would change the system was skipped");
        apply_environment(&changes);
    }
    struct wire_writer writer = {0};
    wire_begin(&writer, WIRE_OK);
    put_warnings(&writer, &changes);
    wire_end(&writer);
    reply_last(stream, &writer);
    configuration_free(&changes);
}

void machine_apply(struct yamux_stream *stream, struct wire_reader body) { apply(stream, body, false); }
void machine_identity(struct yamux_stream *stream, struct wire_reader body) { apply(stream, body, true); }

void machine_set_clock(struct yamux_stream *stream, struct wire_reader body) {
    int64_t now = wire_i64(&body);
    if (!wire_finished(&body) || now < 0) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed SET_CLOCK");
        return;
    }
    int error = machine_is_guest ? clock_set(now) : EPERM;
    if (error != 0) {
        reply_error(stream, machine_is_guest ? CODE_SYSTEM : CODE_UNSUPPORTED, error, "cannot set the clock: %s", strerror(error));
    } else {
        reply_done(stream);
    }
}

void machine_power(struct yamux_stream *stream, struct wire_reader body) {
    uint8_t action = wire_u8(&body);
    uint32_t grace = wire_u32(&body);
    if (!wire_finished(&body) || action > 1) {
        reply_error(stream, CODE_MALFORMED, 0, "malformed POWER");
    } else if (!machine_is_guest && !machine_is_process) {
        reply_error(stream, CODE_UNSUPPORTED, 0, "this agent is an ordinary process: it ends no machine");
    } else if (phase == PHASE_STOPPING) {
        reply_error(stream, CODE_STATE, 0, "the machine is stopping already");
    } else {
        reply_done(stream);
        if (machine_is_process) power_end_process(action == 1);
        power_begin(action == 1, grace);
    }
}
