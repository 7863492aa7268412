#include "catch2.h"

#include "command/invoking_user.h"

using namespace twtrace;

TEST_CASE(
    "invoking user: variables that sudo set for root become the caller's, others are unchanged") {
    const UserEntry root{"root", "/root", "/bin/bash"};
    const UserEntry ada{"ada", "/home/ada", "/bin/zsh"};
    const std::vector<std::string> given{
        "PATH=/usr/sbin:/usr/bin", "HOME=/root", "USER=root",           "LOGNAME=root",
        "SHELL=/bin/bash",         "TERM=xterm", "MAIL=/var/mail/root", "SUDO_UID=1000",
        "SUDO_COMMAND=twtrace",    "LANG=C",     "HOMEBREW=/root"};
    const std::vector<std::string> expected{
        "PATH=/usr/sbin:/usr/bin", "HOME=/home/ada", "USER=ada",           "LOGNAME=ada",
        "SHELL=/bin/zsh",          "TERM=xterm",     "MAIL=/var/mail/ada", "LANG=C",
        "HOMEBREW=/root"};
    CHECK(environment_of(given, root, ada) == expected);
}

TEST_CASE("invoking user: variables kept through sudo -E are unchanged") {
    const UserEntry root{"root", "/root", "/bin/bash"};
    const UserEntry ada{"ada", "/home/ada", "/bin/zsh"};
    const std::vector<std::string> kept{"HOME=/srv/build", "USER=ada", "SHELL=/bin/dash"};
    CHECK(environment_of(kept, root, ada) == kept);
}
