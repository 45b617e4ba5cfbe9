#include "service.h"

const struct service services[] = {{0, NULL}};
