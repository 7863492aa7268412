#include <nlohmann/json.hpp>

#include "catch2.h"
#include "sink/line_sink.h"
#include "sink/socket_totals.h"

using namespace twtrace;

namespace {

const Owner nginx{"nginx.service", "nginx.service", "", "/system.slice/nginx.service"};

TimeWaitSocket inferred_server() {
    TimeWaitSocket row;
    row.event.stage = Stage::FinWait2;
    row.event.role = Role::Server;
    row.event.role_inferred = true;
    row.event.netns = 4026531840;
    row.event.local = {4, {192, 0, 2, 1}};
    row.event.remote = {4, {198, 51, 100, 7}};
    row.event.local_port = 443;
    row.event.remote_port = 40001;
    row.event.task.pid = 812;
    row.event.task.comm_bytes = {'n', 'g', 'i', 'n', 'x'};
    row.event.owner = &nginx;
    row.owner_source = OwnerSource::Inferred;
    row.remaining_ms = 58049;
    return row;
}

std::string lines(Format format, const TimeWaitSocket& row, bool wide = false) {
    SocketSink sink(format, wide);
    std::string out;
    sink.header(out);
    sink.line(row, out);
    return out;
}

} // namespace

TEST_CASE("a time-wait socket in the table") {
    CHECK(lines(Format::Table, inferred_server()) ==
          "STATE       LEFT     PID SERVICE         ROLE    LPORT RPORT REMOTE\n"
          "fin_wait2  58.0s     812 nginx.service?  server?   443 40001 198.51.100.7\n");
}

TEST_CASE("the table's widest line fits 100 columns") {
    TimeWaitSocket row = inferred_server();
    row.event.remote.family = 6;
    row.event.remote.bytes.fill(0xff);
    const std::string out = lines(Format::Table, row);
    CHECK(out.substr(out.find('\n')).size() == 102);
}

TEST_CASE("unknown values of a socket are null in JSON and empty in CSV") {
    TimeWaitSocket row;
    row.event.stage = Stage::TimeWait;
    row.event.local = row.event.remote = {4, {127, 0, 0, 1}};
    row.event.local_port = row.event.remote_port = 1;
    const auto object = nlohmann::json::parse(lines(Format::Json, row));
    CHECK(object["type"] == "socket");
    CHECK(object["state"] == "time_wait");
    CHECK(object["remaining_ms"] == 0);
    CHECK(object["role_inferred"] == false);
    for (const char* key :
         {"role", "owner", "pid", "comm", "service", "unit", "container", "cgroup", "netns"})
        CHECK(object.at(key).is_null());
    const std::string csv = lines(Format::Csv, row);
    CHECK(csv.substr(csv.find('\n') + 1) ==
          "socket,time_wait,0,,false,,,,,,,,,4,127.0.0.1,1,127.0.0.1,1,,,,,\n");
}

TEST_CASE("an inferred owner is marked") {
    const auto object = nlohmann::json::parse(lines(Format::Json, inferred_server()));
    CHECK(object["owner"] == "inferred");
    CHECK(object["role"] == "server");
    CHECK(object["role_inferred"] == true);
    CHECK(object["unit"] == "nginx.service");
    CHECK(object["remaining_ms"] == 58049);
}

TEST_CASE("an inferred owner is marked in the table too, however long its name is") {
    static const Owner postgres{"postgresql@15-main.service", "", "", ""};
    TimeWaitSocket row = inferred_server();
    row.event.owner = &postgres;
    CHECK(lines(Format::Table, row).find(" postgresql@15+? server?") != std::string::npos);
    row.owner_source = OwnerSource::Seen;
    CHECK(lines(Format::Table, row).find(" postgresql@15-+ server?") != std::string::npos);
}

TEST_CASE("the footer counts as ss -s and as netstat do") {
    SocketTotals totals;
    totals.by_state[number_of(TcpState::TimeWait)] = 10;
    totals.by_state[number_of(TcpState::FinWait2)] = 3;
    totals.by_state[number_of(TcpState::Listen)] = 2;
    totals.fin_wait2_minisocks = 2;
    totals.namespaces = 1;
    std::string table;
    append_socket_totals(totals, Format::Table, table);
    CHECK(table == "\n12 time-wait sockets: 10 in TIME_WAIT, 2 in FIN_WAIT2; 1 network namespace\n"
                   "All TCP sockets: 15 (FIN_WAIT2 3, TIME_WAIT 10, LISTEN 2)\n");
    std::string json;
    append_socket_totals(totals, Format::Json, json);
    const auto object = nlohmann::json::parse(json);
    CHECK(object["type"] == "totals");
    CHECK(object["time_wait_sockets"] == 12);
    CHECK(object["states"]["time_wait"] == 10);
    CHECK(object["states"]["closing"] == 0);
    CHECK(object["states"].size() == 11);
    std::string csv;
    append_socket_totals(totals, Format::Csv, csv);
    CHECK(csv.empty());
    std::string none;
    append_socket_totals({}, Format::Table, none);
    CHECK(none == "\n0 time-wait sockets: 0 in TIME_WAIT, 0 in FIN_WAIT2; 0 network namespaces\n"
                  "All TCP sockets: 0\n");
}
