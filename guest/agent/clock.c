#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int clock_set(int64_t unix_nanoseconds) {
    struct timespec now = {.tv_sec = unix_nanoseconds / 1000000000, .tv_nsec = unix_nanoseconds % 1000000000};
    return clock_settime(CLOCK_REALTIME, &now) != 0 ? errno : 0;
}

int entropy_add(const uint8_t entropy[32]) {
    union {
        struct rand_pool_info info;
        uint8_t room[sizeof(struct rand_pool_info) + 32];
    } pool = {.info = {.entropy_count = 256, .buf_size = 32}};
    memcpy(pool.room + sizeof pool.info, entropy, 32);
    int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    if (fd < 0) return errno;
    int error = ioctl(fd, RNDADDENTROPY, &pool.info) != 0 ? errno : 0;
    if (error == 0 && ioctl(fd, RNDRESEEDCRNG) != 0) error = errno;
    close(fd);
    return error;
}
