#include "attribute/program_name.h"

#include <unistd.h>

#include "attribute/proc_text.h"
#include "catch2.h"

using namespace twtrace;

namespace {

std::string program(const std::string& executable, const std::vector<std::string>& arguments) {
    std::string text;
    for (const std::string& argument : arguments)
        text.append(argument).append(1, '\0');
    return program_of(executable, text);
}

} // namespace

TEST_CASE("program: the executable, or the interpreter's script", "[attribute]") {
    struct Row {
        const char* executable;
        std::vector<std::string> arguments;
        const char* program;
    };
    const std::vector<Row> rows{
        {"/usr/sbin/nginx", {"nginx: worker process"}, "/usr/sbin/nginx"},
        {"/usr/sbin/php-fpm8.2", {"php-fpm: pool www"}, "/usr/sbin/php-fpm8.2"},
        {"/usr/bin/python3.11", {"python3", "/srv/app.py", "--token=x"}, "python3.11 /srv/app.py"},
        {"/usr/bin/python3.11", {"python3", "-u", "-W", "ignore", "a.py"}, "python3.11 a.py"},
        {"/usr/bin/python3.11",
         {"python3", "-m", "http.server", "80"},
         "python3.11 -m http.server"},
        {"/usr/bin/python3.11", {"python3", "-c", "secret()"}, "python3.11"},
        {"/usr/bin/python3.11", {"python3", "-uc", "secret()"}, "python3.11"},
        {"/usr/bin/python3.11", {"python3", "-"}, "python3.11"},
        {"/usr/bin/python3.11", {"python3"}, "python3.11"},
        {"/usr/bin/node", {"node", "--max-old-space-size=1", "server.js", "x"}, "node server.js"},
        {"/usr/bin/node", {"node", "-r", "dotenv", "server.js"}, "node server.js"},
        {"/usr/bin/node", {"node", "-e", "secret()"}, "node"},
        {"/usr/bin/node", {"node", "--inspect", "server.js"}, "node server.js"},
        {"/usr/lib/jvm/17/bin/java",
         {"java", "-Xmx1g", "-Dpassword=x", "-jar", "/srv/x.jar", "y"},
         "java /srv/x.jar"},
        {"/usr/lib/jvm/17/bin/java",
         {"java", "-cp", "/a.jar:/b.jar", "com.example.Main", "--x"},
         "java com.example.Main"},
        {"/usr/lib/jvm/17/bin/java",
         {"java", "-p", "mods", "-m", "shop/shop.Main"},
         "java shop/shop.Main"},
        {"/usr/lib/jvm/17/bin/java",
         {"java", "@options", "com.example.Main"},
         "java com.example.Main"},
        {"/usr/bin/perl", {"perl", "-w", "/usr/bin/ack"}, "perl /usr/bin/ack"},
        {"/usr/bin/perl", {"perl", "-ne", "secret()"}, "perl"},
        {"/usr/bin/ruby3.1", {"ruby", "-I", "lib", "app.rb"}, "ruby3.1 app.rb"},
        {"/usr/bin/bash", {"bash", "-e", "/srv/run.sh", "x"}, "bash /srv/run.sh"},
        {"/usr/bin/bash", {"bash", "-lc", "curl secret"}, "bash"},
        {"/usr/bin/dash", {"sh", "-c", "curl secret"}, "dash"},
        {"/usr/bin/php8.2", {"php", "-d", "a=b", "-f", "x.php"}, "php8.2 x.php"},
        {"/usr/bin/php8.2", {"php", "-r", "secret();"}, "php8.2"},
        {"/usr/bin/pythonista", {"pythonista", "x"}, "/usr/bin/pythonista"},
        {"", {}, ""},
    };
    for (const Row& row : rows) {
        INFO(row.executable << " " << (row.arguments.size() > 1 ? row.arguments[1] : ""));
        CHECK(program(row.executable, row.arguments) == row.program);
    }
}

TEST_CASE("program: bounded for all arguments", "[attribute]") {
    const std::string long_script = program("/usr/bin/python3", {"x", std::string(9000, 'a')});
    CHECK(long_script.size() == 256);
    CHECK(long_script.ends_with("..."));
    CHECK(program_of("/usr/bin/python3", "no zero byte") == "python3");
    CHECK(program_of("/usr/bin/python3", std::string(100, '\0')) == "python3");
}

TEST_CASE("program: of this process, and none for a reused pid", "[attribute]") {
    const auto pid = static_cast<std::uint32_t>(getpid());
    const auto stat = read_text("/proc/self/stat", 4096);
    REQUIRE(stat);
    const std::uint64_t start_ns = parse_start_ticks(*stat).value() * ns_per_tick();
    CHECK(read_program(pid, start_ns).ends_with("/twtrace_unit_tests"));
    CHECK(read_program(pid, start_ns + ns_per_tick()).empty());
    CHECK(read_program(0, start_ns).empty());
}
