#include "recording/record_json.h"

#include "catch2.h"
#include "scene.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

PortsRecord read(std::string_view body) {
    Collected all;
    REQUIRE(visit_json(RecordKind::Ports, body, all));
    REQUIRE(all.port_records.size() == 1);
    return all.port_records[0];
}

} // namespace

TEST_CASE("recording: an older recorder listed the listeners only where it counted ports") {
    CHECK(read(R"({"counted":true,"listeners":[]})").listeners_known);
    CHECK(read(R"({"counted":false,"listeners":[22]})").listeners_known);
    CHECK_FALSE(read(R"({"counted":false,"listeners":[]})").listeners_known);
    CHECK(read(R"({"counted":false,"listeners":[],"listeners_known":true})").listeners_known);
    CHECK_FALSE(read(R"({"counted":true,"listeners_known":false})").listeners_known);
}

TEST_CASE("recording: an older recorder counted the ports of all local addresses together") {
    const PortsRecord old = read(R"({"counted":true,"distinct_ports":93,"port_sockets":94})");
    REQUIRE(old.addresses.size() == 1);
    CHECK(old.addresses[0] == AddressPorts{Address(), 93, 94});
    CHECK(read(R"({"counted":true,"addresses":[]})").addresses.empty());
}
