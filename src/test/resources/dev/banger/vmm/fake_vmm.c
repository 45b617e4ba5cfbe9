/*
 * A VMM without a guest, for tests: a real process under the real shim. It serves one connection at a time on the
 * agent's socket (descriptor 4) and ends as the lines there, or on the control socket (descriptor 3), tell it to.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void end(const char *lastLine) {
  printf("%s\n", lastLine);
  exit(0);
}

static void obey(const char *line) {
  if (strcmp(line, "poweroff") == 0) end("banger-agent: goodbye poweroff");
  if (strcmp(line, "reboot") == 0) end("banger-agent: goodbye reboot");
  if (strcmp(line, "panic") == 0) end("[    1.0] Kernel panic - not syncing: sysrq triggered crash");
  if (strcmp(line, "vanish") == 0) end("[    1.0] reboot: Power down");
  if (strcmp(line, "crash") == 0) abort();
  if (strcmp(line, "quit") == 0) exit(0);
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

int main(void) {
  struct pollfd listeners[] = {{.fd = 3, .events = POLLIN}, {.fd = 4, .events = POLLIN}};
  setvbuf(stdout, NULL, _IONBF, 0);
  signal(SIGPIPE, SIG_IGN);
  printf("guest: up\n");
  while (poll(listeners, 2, -1) > 0) {
    for (int i = 0; i < 2; i++) {
      if (listeners[i].revents != 0) serve(listeners[i].fd);
    }
  }
  return 1;
}
