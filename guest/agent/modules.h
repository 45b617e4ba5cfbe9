/* Kernel modules of the initramfs. */
#ifndef BANGER_MODULES_H
#define BANGER_MODULES_H

#include <stddef.h>

/* Loads what /modules/order lists, one absolute path a line, in that order, and gives the files' memory back. What is built
 * in is fine; what is missing or refused is told on the console and skipped. */
void modules_load(void);

/* The names of the drivers without which there is neither channel nor disk, and which are not there; empty: none. */
void modules_missing(char *names, size_t size);

#endif
