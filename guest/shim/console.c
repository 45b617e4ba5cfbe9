#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* What a person types or pastes; a write to a pipe of so much is whole or not at all. */
#define INPUT_CHUNK 512

_Static_assert(INPUT_CHUNK <= PIPE_BUF, "a larger write to a pipe may be partial");

bool open_console(struct console *console, const char *path, int input, struct failure *failure) {
    *console = (struct console){.input = input};
    for (int i = 0; i < MAXIMUM_WATCHERS; i++) console->watchers[i].socket = -1;
    console->listener = (struct handover){.source = -1, .kind = LISTENING, .mode = 0600, .path = path, .place = {.directory = -1}};
    if (path == NULL) return true;
    if (!open_handover(&console->listener, failure)) return false;
    return (fcntl(console->listener.source, F_SETFL, O_NONBLOCK) == 0 && fcntl(input, F_SETFL, O_NONBLOCK) == 0) ||
                 failed_errno(failure, "listen", "cannot set up the console's socket");
}

static void drop(struct watcher *watcher) {
    close(watcher->socket);
    watcher->socket = -1;
}

size_t console_poll(const struct console *console, struct pollfd *polled) {
    size_t count = 0;
    if (console->listener.source < 0) return 0;
    polled[count++] = (struct pollfd){.fd = console->listener.source, .events = POLLIN};
    /* Only then must it be known when there is room again. */
    polled[count++] = (struct pollfd){.fd = console->full ? console->input : -1, .events = POLLOUT};
    for (int i = 0; i < MAXIMUM_WATCHERS; i++) {
        const struct watcher *watcher = &console->watchers[i];
        bool waits = watcher->role == WRITING && console->full;
        polled[count++] = (struct pollfd){.fd = watcher->socket, .events = waits ? 0 : POLLIN};
    }
    return count;
}

/* Those who never asked give way. */
static struct watcher *free_place(struct console *console) {
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < MAXIMUM_WATCHERS; i++) {
            struct watcher *watcher = &console->watchers[i];
            if (pass == 1 && watcher->role == ASKING) drop(watcher);
            if (watcher->socket < 0) return watcher;
        }
    }
    return NULL;
}

static void welcome(struct console *console) {
    int socket = own_descriptor(accept4(console->listener.source, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket < 0) return;
    struct watcher *watcher = free_place(console);
    if (watcher == NULL) {
        close(socket);
        return;
    }
    *watcher = (struct watcher){.socket = socket, .role = ASKING};
}

static bool has_writer(const struct console *console) {
    for (int i = 0; i < MAXIMUM_WATCHERS; i++) {
        if (console->watchers[i].socket >= 0 && console->watchers[i].role == WRITING) return true;
    }
    return false;
}

static void answer(struct console *console, struct watcher *watcher) {
    char question;
    if (recv(watcher->socket, &question, 1, MSG_DONTWAIT) != 1) {
        drop(watcher);
        return;
    }
    bool writes = question == 'w' && !has_writer(console);
    watcher->role = writes ? WRITING : VIEWING;
    if (send(watcher->socket, writes ? "w" : "v", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1) drop(watcher);
}

/* What the program has no room for stays in the socket. */
static void pass_on(struct console *console, struct watcher *watcher) {
    char bytes[INPUT_CHUNK];
    ssize_t length = recv(watcher->socket, bytes, sizeof bytes, MSG_DONTWAIT | MSG_PEEK);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length <= 0) {
        drop(watcher);
        return;
    }
    if (watcher->role == WRITING && write(console->input, bytes, (size_t)length) < 0 && errno == EAGAIN) {
        console->full = true;
        return;
    }
    if (recv(watcher->socket, bytes, (size_t)length, MSG_DONTWAIT) < 0) drop(watcher);
}

void console_ready(struct console *console, const struct pollfd *polled, size_t count) {
    if (count == 0) return;
    if (polled[1].revents != 0) console->full = false;
    for (int i = 0; i < MAXIMUM_WATCHERS; i++) {
        struct watcher *watcher = &console->watchers[i];
        short events = polled[i + 2].revents;
        if (watcher->socket < 0 || events == 0) continue;
        if (watcher->role == ASKING) {
            answer(console, watcher);
        } else if ((events & POLLIN) != 0) {
            pass_on(console, watcher);
        } else {
            drop(watcher);
        }
    }
    if (polled[0].revents != 0) welcome(console);
}

static size_t send_some(struct watcher *watcher, const char *bytes, size_t length) {
    ssize_t sent = send(watcher->socket, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) drop(watcher);
    return sent < 0 ? 0 : (size_t)sent;
}

static bool tell_skipped(struct watcher *watcher) {
    char note[64];
    int length = snprintf(note, sizeof note, "\r\n[banger: %llu bytes skipped]\r\n", (unsigned long long)watcher->skipped);
    if (send_some(watcher, note, (size_t)length) == 0) return false;
    watcher->skipped = 0;
    return true;
}

void console_output(void *owner, const char *bytes, size_t length) {
    struct console *console = owner;
    for (int i = 0; i < MAXIMUM_WATCHERS; i++) {
        struct watcher *watcher = &console->watchers[i];
        if (watcher->socket < 0 || watcher->role == ASKING) continue;
        size_t sent = watcher->skipped == 0 || tell_skipped(watcher) ? send_some(watcher, bytes, length) : 0;
        watcher->skipped += length - sent;
    }
}

void close_console(struct console *console) {
    for (int i = 0; i < MAXIMUM_WATCHERS; i++) {
        if (console->watchers[i].socket >= 0) drop(&console->watchers[i]);
    }
    if (console->listener.source >= 0) close(console->listener.source);
    console->listener.source = -1;
    remove_socket(&console->listener);
}
