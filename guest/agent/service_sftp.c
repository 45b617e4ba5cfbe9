#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "services.h"
#include "sftp.h"
#include "user.h"

static int serve(int fd, const char *name) {
    static struct user user;
    int error = user_find(name, &user);
    if (error != 0) {
        answer_errno(fd, error, "cannot find the user '%.256s'", name);
        return 1;
    }
    if ((error = user_become(&user)) != 0) {
        answer_errno(fd, error, "cannot become the user '%.256s'", name);
        return 1;
    }
    umask(022);
    if (chdir(user.home) != 0 && chdir("/") != 0) {
        answer_error(fd, CODE_SYSTEM, "cannot go to the home directory %s or to /", user.home);
        return 1;
    }
    return answer_ok(fd) ? sftp_serve(fd, fd) : 1;
}

int service_sftp(const uint8_t *body, size_t length, int fd) {
    struct arena arena = {0};
    struct wire_reader reader = wire_reader(body, length);
    const char *user = wire_text(&reader, &arena, WIRE_NAME_LIMIT);
    int result = 1;
    if (wire_finished(&reader)) {
        result = serve(fd, user);
    } else {
        answer_error(fd, CODE_MALFORMED, "the request is not one user");
    }
    arena_free(&arena);
    return result;
}
