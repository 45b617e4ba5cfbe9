/* The byte stream to the host, and who carries it: a virtio-serial port, or a listening socket (vsock; Unix in tests). A host
 * that goes away is waited for: the channel never ends. */
#ifndef BANGER_CHANNEL_H
#define BANGER_CHANNEL_H

#include <stdbool.h>

enum { CHANNEL_PORT = 1024, CHANNEL_HOST = 2 };

/* Takes the open port. 0 or errno. */
int channel_use_port(int fd);

/* Takes a listening socket. One host at a time: a new one replaces the old. 0 or errno. */
int channel_use_listener(int fd, bool vsock);

/* Listening sockets, or -1 and errno. */
int channel_listen_vsock(void);
int channel_listen_unix(const char *path);

/* The node of the virtio-serial port named dev.banger.agent, opened; or -1 and errno, ENOENT when there is none yet. */
int channel_open_port(void);

/* Sends what is to be sent, for the loop to call before it waits. */
void channel_settle(void);

/* Sends what waits, for at most so many milliseconds. */
void channel_flush(int milliseconds);

#endif
