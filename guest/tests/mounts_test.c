/* How disks are mounted. */
#include <string.h>

#include "check.h"
#include "mounts.h"

static const char *options(uint8_t flags, bool clean) {
    const struct disk disk = {.flags = flags, .clean = clean};
    const char *options = mounts_options(&disk);
    return options == NULL ? "" : options;
}

static void aDiskThatIsZerosBehindItsFilesIsNotFilledWithMore(void) {
    check(strcmp(options(DISK_ZEROED, true), "noinit_itable") == 0);
    check(strcmp(options(DISK_ZEROED | DISK_DISCARD, false), "discard,noinit_itable") == 0);
    check(strcmp(options(DISK_DISCARD, true), "discard") == 0);
    check(strcmp(options(0, true), "") == 0);
}

static void aJournalIsLeftAloneOnlyOnACleanDiskThatIsRead(void) {
    check(strcmp(options(DISK_READ_ONLY, true), "noload") == 0);
    check(strcmp(options(DISK_READ_ONLY | DISK_ZEROED, true), "noload") == 0);
    check(strcmp(options(DISK_READ_ONLY, false), "") == 0);
}

int main(void) {
    run_test(aDiskThatIsZerosBehindItsFilesIsNotFilledWithMore);
    run_test(aJournalIsLeftAloneOnlyOnACleanDiskThatIsRead);
    return 0;
}
