/* Network links, set by rtnetlink. */
#ifndef BANGER_NICS_H
#define BANGER_NICS_H

#include "configuration.h"

/* Brings the loopback up and gives each link that the configuration names its addresses and routes. What fails is a warning. */
void nics_apply(struct configuration *configuration);

/* Brings the loopback up. */
void nics_look_ahead(void);

/* Takes every address, route and neighbour away from those links, for a restored snapshot's new identity. */
void nics_flush(struct configuration *configuration);

/* Finds the link with this MAC; its name goes to name (16 bytes). Its index, or 0. */
unsigned nics_find(const uint8_t mac[6], char *name);

#endif
