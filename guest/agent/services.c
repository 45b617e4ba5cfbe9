#include "services.h"

#include "service.h"
#include "wire.h"

const struct service services[] = {
    {WIRE_STATS, service_stats},     {WIRE_PORTS, service_ports}, {WIRE_SYNC, service_sync},
    {WIRE_FREEZE, service_freeze},   {WIRE_THAW, service_thaw},   {WIRE_GROW, service_grow},
    {WIRE_TRIM, service_trim},       {WIRE_COPY_IN, service_copy_in}, {WIRE_COPY_OUT, service_copy_out},
    {WIRE_STAT, service_stat},       {WIRE_SFTP, service_sftp},   {0, NULL},
};
