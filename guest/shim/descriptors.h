#ifndef BANGER_SHIM_DESCRIPTORS_H
#define BANGER_SHIM_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

/* The program's descriptors are below this number, the shim's own are at it or above: they never collide. */
#define OWN_DESCRIPTORS 256

/* A name in a directory that stays reachable after chdir and after the directory's own name has changed. */
struct place {
    int directory; /* O_PATH, -1 when not open */
    const char *name;
};

/* Moves a descriptor to the shim's own range, close-on-exec. Returns -1 with errno set, and closes it, when it cannot. */
int own_descriptor(int descriptor);

/* Opens the directory of a path. The name points into path. */
bool open_place(struct place *place, const char *path, const char *code, struct failure *failure);

enum handover_kind { OPENED, LISTENING, TAP, CARRIED };

/* One `--open FD=MODE:PATH`, `--listen FD=MODE:PATH`, `--tap FD=NAME` or `--carrier FD=PROGRAM`. */
struct handover {
    int target;      /* the number that the program sees */
    int source;      /* the shim's own descriptor, -1 when not open */
    enum handover_kind kind;
    int mode;        /* O_RDONLY or O_RDWR; the permissions of a socket */
    int carrier;     /* the carrier's end of the pair of sockets, -1 when not open */
    const char *path; /* of a tap: the interface's name; of a carrier: the program */
    struct place place; /* of a socket that this shim made: it is removed at the end */
    uint64_t device, inode;
};

bool open_handover(struct handover *handover, struct failure *failure);

/* Removes the socket file, if it is still the one that this shim made. */
void remove_socket(struct handover *handover);

#endif
