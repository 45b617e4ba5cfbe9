/*
 * A VMM without a guest, for tests: a real process under the real shim, with the control socket at descriptor 3 and the
 * channel at descriptor 4.
 *
 *   fake_vmm                  answers each line on the channel with itself, and ends as the lines tell it to
 *   fake_vmm AGENT [SCRIPT]   runs the real agent in namespaces of its own: the guest; the channel leads to it as a
 *                             virtio-serial port does. When the agent powers off, the VMM ends as QEMU would.
 *
 * SCRIPT is a file that may be missing. It says what goes wrong at this start, in one line:
 *   exit N          ends with this status at once
 *   silent          the guest never answers
 *   crash-in N      abort() when N bytes have come from the host; crash-out N: have gone to it
 *   panic-in N      the guest's kernel panics then; panic-out N
 *   stall-out N     the guest falls silent, for ever, when N bytes have gone to the host
 *   delay N         the guest begins after N milliseconds
 *
 * Lines on the control socket: poweroff, reboot, panic, vanish, crash, quit; stall and go on (the guest falls silent).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 3, CHANNEL = 4, AGENT_LISTENER = 5, PIECE = 32768 };
enum { CAP_SYS_RESOURCE = 24 };                          /* linux/capability.h, which musl does not have */
enum { AGENT_POWERED_OFF = 0, AGENT_REBOOTED = 3 }; /* guest/agent/power.h */

static const char PANIC[] = "[    1.0] Kernel panic - not syncing: sysrq triggered crash";
static bool stalled;

static void end(const char *last_line) {
  printf("%s\n", last_line);
  exit(0);
}

static void obey(const char *line) {
  if (strcmp(line, "poweroff") == 0) end("banger-agent: goodbye poweroff");
  if (strcmp(line, "reboot") == 0) end("banger-agent: goodbye reboot");
  if (strcmp(line, "panic") == 0) end(PANIC);
  if (strcmp(line, "vanish") == 0) end("[    1.0] reboot: Power down");
  if (strcmp(line, "crash") == 0) abort();
  if (strcmp(line, "quit") == 0) exit(0);
  if (strcmp(line, "stall") == 0) stalled = true;
  if (strcmp(line, "go on") == 0) stalled = false;
}

/* Answers each line with itself, until the other side has gone. */
static void serve(int listener) {
  char line[4096];
  int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  FILE *stream = connection < 0 ? NULL : fdopen(connection, "r+");
  while (stream != NULL && fgets(line, sizeof line, stream) != NULL) {
    char *end_of_line = strchr(line, '\n');
    if (end_of_line == NULL) break;
    *end_of_line = 0;
    obey(line);
    if (dprintf(connection, "%s\n", line) < 0) break;
  }
  if (stream != NULL) fclose(stream);
}

static int serve_lines(void) {
  struct pollfd listeners[] = {{.fd = CONTROL, .events = POLLIN}, {.fd = CHANNEL, .events = POLLIN}};
  while (poll(listeners, 2, -1) > 0) {
    for (int i = 0; i < 2; i++) {
      if (listeners[i].revents != 0) serve(listeners[i].fd);
    }
  }
  return 1;
}

/* What SCRIPT says. */
static char mishap[32];
static long mishap_at;

static void read_script(const char *path) {
  FILE *file = path == NULL ? NULL : fopen(path, "re");
  if (file == NULL) return;
  if (fscanf(file, "%31s %ld", mishap, &mishap_at) < 1) mishap[0] = 0;
  fclose(file);
}

static bool scripted(const char *what) { return strcmp(mishap, what) == 0; }

/* The mishap of this direction, when so many bytes have passed. */
static void meet_fate(const char *direction, long passed) {
  const char *dash = strrchr(mishap, '-');
  if (dash == NULL || strcmp(dash + 1, direction) != 0 || passed < mishap_at) return;
  if (strncmp(mishap, "crash", 5) == 0) abort();
  if (strncmp(mishap, "panic", 5) == 0) end(PANIC);
  if (strncmp(mishap, "stall", 5) == 0) stalled = true;
}

static void die(const char *what) {
  fprintf(stderr, "fake_vmm: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* What a helper VM shows of a stopped VM's disks (PROTOCOL.md, section 4): its guests have no disks. */
static void show_tree(void) {
  if (mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") != 0) return;
  mkdir("/run/banger", 0755);
  mkdir("/run/banger/tree", 0755);
  int file = open("/run/banger/tree/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0 || write(file, "whole\n", 6) != 6) _exit(126);
  close(file);
}

static void run_agent(const char *agent, const char *script, int parent) {
  struct pollfd alive = {.fd = parent, .events = POLLIN};
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (poll(&alive, 1, 0) != 0) _exit(1); /* the VMM ended before it could be told */
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mount("proc", "/proc", "proc", 0, NULL);
  show_tree();
  prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE); /* its /root is the host's, whose file system it must not grow */
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  dup3(AGENT_LISTENER, CONTROL, 0); /* the guest knows nothing of the VMM's own sockets */
  close(CHANNEL);
  execl(agent, agent, "--serve", "fd:3", script, NULL); /* the last word is for who looks at the processes of a test */
  _exit(127);
}

/* The guest is the first process of a pid namespace: with it all that it started ends, and it ends with the VMM. */
static pid_t start_agent(const char *agent, const char *script) {
  int ends[2];
  if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS) != 0) die("unshare");
  if (pipe2(ends, O_CLOEXEC) != 0) die("pipe");
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    close(ends[1]);
    run_agent(agent, script, ends[0]);
  }
  close(ends[0]); /* the other end stays open as long as this process lives */
  return child;
}

/* A listening socket without a file; its address is the kernel's choice. */
static struct sockaddr_un agent_address;
static socklen_t agent_address_length = sizeof agent_address;

static void listen_for_agent(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) != 0 || listen(fd, 4) != 0) die("listen");
  if (getsockname(fd, (struct sockaddr *)&agent_address, &agent_address_length) != 0) die("getsockname");
  if (fd != AGENT_LISTENER && (dup3(fd, AGENT_LISTENER, O_CLOEXEC) < 0 || close(fd) != 0)) die("dup3");
}

static int connect_to_agent(void) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&agent_address, agent_address_length) != 0) die("connect");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/* One direction of the channel. */
struct flow {
  const char *direction;
  char piece[PIECE];
  size_t start, length;
  long passed;
};
static struct flow from_host = {.direction = "in"}, to_host = {.direction = "out"};
static int host = -1, guest = -1;

static void hang_up(void) {
  if (host >= 0) close(host);
  if (guest >= 0) close(guest);
  host = guest = -1;
  from_host.length = to_host.length = 0;
}

static void take_call(void) {
  host = accept4(CHANNEL, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (host >= 0) guest = connect_to_agent();
}

/* False when a side has gone. */
static bool move(struct flow *flow, int from, int to) {
  if (flow->length == 0) {
    size_t most = sizeof flow->piece;
    const char *dash = strrchr(mishap, '-'); /* up to the very byte */
    if (dash != NULL && strcmp(dash + 1, flow->direction) == 0 && mishap_at > flow->passed &&
        (size_t)(mishap_at - flow->passed) < most) {
      most = (size_t)(mishap_at - flow->passed);
    }
    ssize_t got = read(from, flow->piece, most);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    flow->start = 0;
    flow->length = (size_t)got;
  }
  ssize_t sent = write(to, flow->piece + flow->start, flow->length);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  flow->start += (size_t)sent;
  flow->length -= (size_t)sent;
  flow->passed += sent;
  meet_fate(flow->direction, flow->passed);
  return true;
}

static void agent_ended(pid_t agent) {
  int status;
  if (waitpid(agent, &status, WNOHANG) != agent) return;
  if (WIFEXITED(status) && WEXITSTATUS(status) == AGENT_POWERED_OFF) end("banger-agent: goodbye poweroff");
  if (WIFEXITED(status) && WEXITSTATUS(status) == AGENT_REBOOTED) end("banger-agent: goodbye reboot");
  end("[    1.0] Kernel panic - not syncing: Attempted to kill init!");
}

static short wishes(const struct flow *incoming, const struct flow *outgoing) {
  return (short)((incoming->length == 0 ? POLLIN : 0) | (outgoing->length > 0 ? POLLOUT : 0));
}

_Noreturn static void serve_guest(pid_t agent, int children) {
  for (;;) {
    bool connected = host >= 0 && !stalled;
    struct pollfd all[] = {
        {.fd = CONTROL, .events = POLLIN},
        {.fd = children, .events = POLLIN},
        {.fd = host < 0 && !scripted("silent") ? CHANNEL : -1, .events = POLLIN},
        {.fd = connected ? host : -1, .events = wishes(&from_host, &to_host)},
        {.fd = connected ? guest : -1, .events = wishes(&to_host, &from_host)},
    };
    if (poll(all, 5, -1) < 0 && errno != EINTR) die("poll");
    if (all[0].revents != 0) serve(CONTROL);
    short seen = (short)(all[3].revents | all[4].revents);
    if (seen != 0) {
      bool gone = (seen & (POLLHUP | POLLERR)) != 0 && (seen & (POLLIN | POLLOUT)) == 0;
      if (gone || !move(&from_host, host, guest) || (!stalled && !move(&to_host, guest, host))) hang_up();
    }
    if (all[1].revents != 0) agent_ended(agent);
    if (all[2].revents != 0) take_call();
  }
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IONBF, 0);
  signal(SIGPIPE, SIG_IGN);
  if (argc > 2) read_script(argv[2]);
  if (scripted("exit")) return (int)mishap_at;
  printf("guest: up\n");
  if (argc < 2) return serve_lines();
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  int children = signalfd(-1, &child, SFD_CLOEXEC);
  if (children < 0) die("signalfd");
  if (scripted("delay")) usleep((useconds_t)mishap_at * 1000);
  listen_for_agent();
  serve_guest(start_agent(argv[1], argv[2]), children);
}
