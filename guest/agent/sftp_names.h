/* Shared by the two halves of the SFTP server. */
#ifndef BANGER_SFTP_NAMES_H
#define BANGER_SFTP_NAMES_H

#include <sys/statvfs.h>

#include "sftp.h"

bool sftp_reply_statvfs(struct sftp *sftp, uint32_t id, const struct statvfs *system);

#endif
