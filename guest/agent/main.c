#include "service.h"
int main(void) { return services[0].kind; }
