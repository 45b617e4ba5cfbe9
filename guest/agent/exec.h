/* Execs (PROTOCOL.md, section 5): programs that outlive the session that started them. exec.c has their table and lifetime,
 * exec_start.c makes them, exec_child.c is the part between fork and execve, exec_stream.c carries their input and output,
 * exec_console.c the output of the entrypoint, for which no host need be there. */
#ifndef BANGER_EXEC_H
#define BANGER_EXEC_H

#include "loop.h"
#include "ring.h"
#include "user.h"
#include "wire.h"
#include "yamux.h"

enum { EXEC_LIMIT = 1024, EXEC_ID = 16, EXEC_ENVIRONMENT = 4096 };
enum { EXEC_PTY = 1, EXEC_NO_INPUT = 2, EXEC_PURPOSE = 4 };
enum { EXEC_CONSOLE = 8 }; /* of the entrypoint alone: its output goes to the console */
enum { EXEC_MAKE_DIRECTORY = 16 };

enum exec_state { EXEC_STARTING, EXEC_RUNNING, EXEC_ENDED };

struct exec;

struct exec_output {
    struct exec *exec;
    struct watch watch; /* the pipe or terminal; -1: at its end */
    struct ring ring;
    struct timer quiet;          /* after the program's end: how long nothing came */
    struct yamux_stream *stream; /* who is attached; NULL: nobody */
    struct watch console;        /* in place of a stream; -1: none */
    uint64_t sent;               /* to that stream, or to the console */
    uint8_t number[8];           /* an acknowledgement under way */
    size_t number_length;
};

struct exec_input {
    struct watch watch; /* the pipe or terminal; -1: closed, or there is none */
    uint64_t accepted;
    bool ended; /* the host has sent its end */
    struct yamux_stream *stream;
};

struct exec_waiter {
    struct exec_waiter *next;
    struct exec *exec;
    struct yamux_stream *stream;
};

struct exec {
    struct exec *next;
    uint8_t id[EXEC_ID];
    enum exec_state state;
    bool pty;
    bool purpose; /* the machine is there for this one, and ends with it */
    bool console; /* its output goes there */
    int stop_signal;
    struct child child;
    int status; /* as waitpid gave it, once ended */
    struct exec_output outputs[2];
    struct exec_input input;
    struct exec_waiter *waiters;
    struct timer expiry;
    struct watch start;           /* tells how execve went */
    struct yamux_stream *starter; /* who wants to know; NULL: nobody */
    struct arena arena;           /* holds argv */
    const char **argv;
    size_t argument_count;
};

/* What EXEC_START asks for; the texts are in an arena of the caller. */
struct exec_order {
    uint8_t id[EXEC_ID];
    const char **argv;
    size_t argument_count;
    const char **environment;
    size_t environment_count;
    const char *directory;
    const char *user;
    uint8_t flags;
    uint16_t rows;
    uint16_t columns;
    uint8_t stop_signal; /* of the entrypoint */
};

/* False: malformed. */
bool exec_decode(struct wire_reader *body, struct arena *arena, struct exec_order *order);

/* The default environment, `K=V`; copied. Without memory the old one stays. */
void exec_set_environment(const char **environment, size_t count);

/* Starts what the order says; the reply goes to the stream (NULL: errors go to the console). */
void exec_launch(const struct exec_order *order, struct yamux_stream *stream);

/* Begins to bring into memory what the first exec will read: the disk works beside the processor. */
void exec_warm(void);

/* Whether the image's own program runs. */
bool exec_entrypoint_runs(void);

/* Sends it the signal by which it wants to be stopped. */
void exec_stop_entrypoint(void);

/* Brings what it has written to the console, for a second at most. */
void exec_flush_entrypoint(void);

/* How long an exec lives after its end, or with nobody attached. */
extern uint64_t exec_lifetime;

/* Of exec.c. */
struct exec *exec_find(const uint8_t id[EXEC_ID]);
struct exec *exec_add(const struct exec_order *order); /* NULL: no memory, or EXEC_LIMIT of them */
void exec_forget_now(struct exec *exec);
void exec_touch(struct exec *exec); /* who is attached has changed */
void exec_output_ended(struct exec *exec);

/* Of exec_stream.c. */
void exec_begin_output(struct exec *exec, int which, int fd);
bool exec_read_output(struct exec_output *output); /* False: there is nothing now, or never again */
void exec_watch_output(struct exec_output *output); /* while there is room for more */
void exec_begin_input(struct exec *exec, int fd);
void exec_program_ended(struct exec *exec);
void exec_free_streams(struct exec *exec);

/* Of exec_console.c. */
void exec_console_begin(struct exec_output *output);
bool exec_console_push(struct exec_output *output); /* False: the console takes no more for now */
void exec_console_flush(struct exec *exec, uint64_t until); /* on CLOCK_BOOTTIME */
void exec_console_say(struct exec *exec, const char *words); /* after all that the program has written */

/* Of exec_child.c: what is set up for the program before the fork. */
struct exec_setup {
    int descriptors[3]; /* become 0 to 2 */
    int status;         /* struct exec_failure goes here; closes at execve */
    int cgroup;         /* a directory, or -1 */
    bool pty;
    const char *directory; /* empty: home, else / */
    bool make_directory;   /* where it is missing, as root */
    const struct user *user;
    const char **argv;
    char **environment;
};

struct exec_failure {
    int error;
    int step; /* an index of exec_steps */
};

extern const char *const exec_steps[];

/* Forks; the child runs the program or tells status why not. The pid, or -1 and errno. */
pid_t exec_fork(const struct exec_setup *setup);

#endif
