/*
 * The guest of the VMM drivers' tests: one static program that is the whole initramfs's /init. It loads the modules
 * that /modules/order names, opens the agent's port, or, under Firecracker, listens on its vsock, and obeys lines: each
 * answer is one line.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/vm_sockets.h, which musl does not have. */
enum { VMADDR_CID_ANY = -1 };
struct sockaddr_vm {
  sa_family_t svm_family;
  unsigned short svm_reserved;
  unsigned svm_port, svm_cid;
  unsigned char svm_zero[4];
};

#define PORT_NAME "dev.banger.agent\n"

static void load_modules(void) {
  char name[256];
  FILE *list = fopen("/modules/order", "r");
  while (list != NULL && fscanf(list, "%255s", name) == 1) {
    int module = open(name, O_RDONLY | O_CLOEXEC);
    if (module < 0 || syscall(SYS_finit_module, module, "", 0) != 0) printf("guest: cannot load %s\n", name);
    close(module);
  }
  if (list != NULL) fclose(list);
}

static int read_text(const char *path, char *text, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, size - 1);
  if (file >= 0) close(file);
  text[length < 0 ? 0 : length] = 0;
  return length > 0;
}

/* The port appears some milliseconds after its driver. */
static int open_port(void) {
  for (int attempt = 0; attempt < 5000; attempt++, usleep(1000)) {
    DIR *ports = opendir("/sys/class/virtio-ports");
    for (struct dirent *entry; ports != NULL && (entry = readdir(ports)) != NULL;) {
      char path[512], name[64];
      snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
      if (!read_text(path, name, sizeof name) || strcmp(name, PORT_NAME) != 0) continue;
      snprintf(path, sizeof path, "/dev/%s", entry->d_name);
      closedir(ports);
      return open(path, O_RDWR | O_CLOEXEC);
    }
    if (ports != NULL) closedir(ports);
  }
  return -1;
}

/* Each entry of a directory in /sys with one of its files: "vda=serial vdb=...". */
static void describe(const char *directory, const char *prefix, const char *file, char *answer, size_t size) {
  struct dirent **entries;
  int count = scandir(directory, &entries, NULL, alphasort);
  size_t used = 0;
  answer[0] = 0;
  for (int i = 0; i < count; i++) {
    char path[512], text[128];
    if (strncmp(entries[i]->d_name, prefix, strlen(prefix)) == 0) {
      snprintf(path, sizeof path, "%s/%s/%s", directory, entries[i]->d_name, file);
      read_text(path, text, sizeof text);
      text[strcspn(text, "\n")] = 0;
      used += (size_t)snprintf(answer + used, size - used, "%s%s=%s", used == 0 ? "" : " ", entries[i]->d_name, text);
    }
    free(entries[i]);
  }
}

static void write_disk(const char *disk, char *answer, size_t size) {
  char block[512] = "written by the guest";
  int file = open(disk, O_WRONLY | O_SYNC | O_CLOEXEC);
  int done = file >= 0 && pwrite(file, block, sizeof block, 0) == (ssize_t)sizeof block;
  snprintf(answer, size, done ? "done" : "refused");
  if (file >= 0) close(file);
}

static void panic(void) {
  int trigger = open("/proc/sysrq-trigger", O_WRONLY);
  if (write(trigger, "c", 1) != 1) printf("guest: cannot panic\n");
}

/* Firecracker knows no power-off. */
static int firecracker;

static void power_off(void) { reboot(firecracker ? RB_AUTOBOOT : RB_POWER_OFF); }

static void end(const char *goodbye, int how) {
  printf("banger-agent: goodbye %s\n", goodbye);
  if (how == RB_POWER_OFF) power_off();
  reboot(how);
}

static void obey(const char *line, char *answer, size_t size) {
  snprintf(answer, size, "%.1024s", line);
  if (strcmp(line, "disks") == 0) describe("/sys/block", "vd", "serial", answer, size);
  if (strcmp(line, "sizes") == 0) describe("/sys/block", "vd", "size", answer, size);
  if (strcmp(line, "nets") == 0) describe("/sys/class/net", "eth", "address", answer, size);
  if (strcmp(line, "arguments") == 0) read_text("/proc/cmdline", answer, size);
  if (strncmp(line, "write ", 6) == 0) write_disk(line + 6, answer, size);
  if (strcmp(line, "panic") == 0) panic();
  if (strcmp(line, "poweroff") == 0) end("poweroff", RB_POWER_OFF);
  if (strcmp(line, "reboot") == 0) end("reboot", RB_AUTOBOOT);
  if (strcmp(line, "vanish") == 0) power_off();
}

static void serve(int port) {
  static char line[4096], answer[4096];
  size_t used = 0;
  for (;;) {
    ssize_t length = read(port, line + used, 1);
    if (length <= 0 && firecracker) {
      close(port);
      return;
    }
    if (length <= 0) {
      usleep(10000);
      used = 0;
    } else if (line[used] != '\n') {
      used = (used + 1) % (sizeof line - 1);
    } else {
      line[used] = 0;
      used = 0;
      obey(line, answer, sizeof answer - 1);
      answer[strcspn(answer, "\n")] = 0;
      strcat(answer, "\n");
      if (write(port, answer, strlen(answer)) < 0) printf("guest: cannot answer\n");
    }
  }
}

/* Each connection in turn. */
static void serve_vsock(void) {
  struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_port = 1024, .svm_cid = (unsigned)VMADDR_CID_ANY};
  int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4) != 0) {
    printf("guest: no vsock\n");
    power_off();
  }
  printf("guest: up\n");
  for (;;) {
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection >= 0) serve(connection);
  }
}

int main(void) {
  static char arguments[4096];
  setvbuf(stdout, NULL, _IONBF, 0);
  mount("devtmpfs", "/dev", "devtmpfs", 0, "");
  mount("proc", "/proc", "proc", 0, "");
  mount("sysfs", "/sys", "sysfs", 0, "");
  load_modules();
  read_text("/proc/cmdline", arguments, sizeof arguments);
  firecracker = strstr(arguments, "banger.channel=vsock") != NULL;
  if (firecracker) serve_vsock();
  int port = open_port();
  printf(port < 0 ? "guest: no port\n" : "guest: up\n");
  if (port < 0) reboot(RB_POWER_OFF);
  serve(port);
}
