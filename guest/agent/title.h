/* The process's argv[0], as others see it. */
#ifndef BANGER_TITLE_H
#define BANGER_TITLE_H

/* To be called first: argv and the environment behind it give the room. */
void title_begin(char **argv);
void title_set(const char *title);

#endif
