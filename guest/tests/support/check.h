/* Tests are functions whose names are sentences. */
#ifndef BANGER_TEST_CHECK_H
#define BANGER_TEST_CHECK_H

#include <stdio.h>

#include "client.h"

#define check(condition) \
    do { \
        if (!(condition)) fail_test("%s:%d: %s", __FILE__, __LINE__, #condition); \
    } while (0)

#define run_test(name) \
    do { \
        printf("  %s\n", #name); \
        fflush(stdout); \
        name(); \
    } while (0)

#endif
