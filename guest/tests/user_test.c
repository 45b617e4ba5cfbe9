/* Users as this host's own files name them. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "user.h"

static struct user user;

static void emptyIsRootAndANameIsLookedUp(void) {
    check(user_find("", &user) == 0 && user.uid == 0 && user.gid == 0 && strcmp(user.name, "root") == 0);
    check(strcmp(user.home, "/root") == 0 && user.shell[0] == '/');
    check(user_find("nobody", &user) == 0 && user.uid == 65534 && user.gid == 65534);
    check(user.group_count >= 1 && user.groups[0] == 65534);
}

static void aNumberNeedNotBeThereButANameMust(void) {
    check(user_find("54321", &user) == 0 && user.uid == 54321 && user.gid == 0);
    check(strcmp(user.name, "54321") == 0 && strcmp(user.home, "/") == 0);
    check(user_find("65534", &user) == 0 && strcmp(user.name, "nobody") == 0);
    check(user_find("no-such-user", &user) == ENOENT);
    check(user_find("root:no-such-group", &user) == ENOENT);
}

static void aGroupReplacesThePrimaryOne(void) {
    check(user_find("root:daemon", &user) == 0 && user.uid == 0 && user.gid == 1 && user.groups[0] == 1);
    check(user_find(":77", &user) == 0 && user.uid == 0 && user.gid == 77);
    check(user_find("12:34", &user) == 0 && user.uid == 12 && user.gid == 34);
}

static void numbersHaveTheirLimits(void) {
    unsigned number;
    check(user_number("0", &number) && number == 0);
    check(user_number("4294967294", &number) && number == 4294967294u);
    check(!user_number("4294967295", &number));
    check(!user_number("99999999999", &number));
    check(!user_number("", &number) && !user_number("-1", &number) && !user_number("1x", &number) && !user_number(" 1", &number));
    char name[300];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = 0;
    check(user_find(name, &user) == EINVAL);
}

int main(void) {
    run_test(emptyIsRootAndANameIsLookedUp);
    run_test(aNumberNeedNotBeThereButANameMust);
    run_test(aGroupReplacesThePrimaryOne);
    run_test(numbersHaveTheirLimits);
    return 0;
}
