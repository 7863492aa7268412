#include "catch2.h"

#include "report/bounds.h"
#include "report/marks.h"
#include "report/report.h"

using namespace twtrace;

namespace {

std::size_t count_of(const std::string& text, std::string_view what) {
    std::size_t count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++count;
    return count;
}

ReportData data_with(const std::string& name) {
    ReportData data;
    data.duration_s = 3;
    data.closes.add(name, 0.5, 1);
    data.summary_json = "{}";
    data.doctor_json = "{}";
    data.whatif_json = "{}";
    return data;
}

} // namespace

TEST_CASE("report: hostile names stay data", "[report]") {
    const std::string plain = report_html(data_with("nginx"), "0123");
    for (const std::string name : {"</script><script>alert(1)</script>", "<!--<script>",
                                   "\"'><img src=x>", "@DATA@ @JS@", "\u202egnp.exe", "\xff\xfe"}) {
        const std::string page = report_html(data_with(name), "0123");
        CHECK(count_of(page, "<script") == count_of(plain, "<script"));
        CHECK(count_of(page, "</script") == count_of(plain, "</script"));
        CHECK(count_of(page, "<img") == 0);
        CHECK(count_of(page, "id=\"data\"") == 1);
    }
    const std::string longest = report_html(data_with(std::string(1U << 20U, 'x')), "0123");
    CHECK(longest.size() < plain.size() + 1000);
}

TEST_CASE("report: only scripts with the page's nonce run", "[report]") {
    const std::string page = report_html(data_with("nginx"), "f00d");
    CHECK(page.find("script-src 'nonce-f00d'") != std::string::npos);
    CHECK(count_of(page, "<script nonce=\"f00d\">") == 3);
    CHECK(page.find("@NONCE@") == std::string::npos);
}

TEST_CASE("report: a long series takes bounded memory and keeps its sum", "[report]") {
    Series series(Series::Kind::Sum);
    constexpr int day_s = 86'400;
    for (int second = 0; second < day_s; ++second)
        series.add("nginx", second, 10);
    const std::uint64_t width = Series::point_s(day_s);
    const auto lines = series.lines(7, day_s, width);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].values.size() <= Series::max_points);
    CHECK(lines[0].values[5] == Approx(10)); // a second
}

TEST_CASE("report: the services beyond the largest are one line", "[report]") {
    Series series(Series::Kind::Sum);
    for (int number = 0; number < 20; ++number)
        series.add("service" + std::to_string(number), 0, 20 - number);
    const auto lines = series.lines(3, 1, 1);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].name == "service0");
    CHECK(lines[3].name == "other");
    double sum = 0;
    for (const auto& line : lines)
        sum += *line.values[0];
    CHECK(sum == Approx(210));
}

TEST_CASE("report: port use is the highest of each slice, without interpolation", "[report]") {
    Series series(Series::Kind::Most);
    series.add("10.0.0.2:80", 0, 0.2);
    series.add("10.0.0.2:80", 0.5, 0.7);
    series.add("10.0.0.2:80", 2, 0.1);
    const auto lines = series.lines(3, 3, 1);
    REQUIRE(lines.size() == 1);
    CHECK(*lines[0].values[0] == Approx(0.7));
    CHECK_FALSE(lines[0].values[1]);
    CHECK(*lines[0].values[2] == Approx(0.1));
}

namespace {

doctor::Finding finding_of(std::string_view id, const std::string& service) {
    doctor::Finding finding;
    finding.id = id;
    finding.service = service;
    return finding;
}

} // namespace

TEST_CASE("report: a finding holds from the first slice that has it to the last", "[report]") {
    Marks marks;
    const doctor::Finding nginx = finding_of("connection-per-request", "nginx");
    const doctor::Finding php = finding_of("connection-per-request", "php-fpm");
    marks.add({0, 5}, {});
    marks.add({5, 10}, {nginx});
    marks.add({10, 15}, {php, nginx});
    marks.add({15, 20}, {php});
    marks.add({20, 25}, {nginx});
    CHECK(marks.of(nginx) == std::vector<Marks::Span>{{5, 15}, {20, 25}});
    CHECK(marks.of(php) == std::vector<Marks::Span>{{10, 20}});
    CHECK(marks.of(finding_of("resets", "nginx")).empty());
}

TEST_CASE("report: a day has some hundreds of slices", "[report]") {
    Marks marks;
    double at_s = 0;
    int slices = 0;
    for (; at_s < 86'400; ++slices) {
        const double width_s = marks.slice_s();
        marks.add({at_s, at_s + width_s}, {});
        at_s += width_s;
    }
    CHECK(slices < 1000);
}

TEST_CASE("report: the smallest groups and peers are left out of a large page, and counted",
          "[report]") {
    nlohmann::ordered_json group{{"service", "nginx"}, {"peers", nlohmann::ordered_json::array()}};
    for (int number = 0; number < 100; ++number)
        group["peers"].push_back({{"remote_addr", std::to_string(number)}});
    nlohmann::ordered_json summary{{"groups", nlohmann::ordered_json::array()}};
    for (int number = 0; number < 400; ++number)
        summary["groups"].push_back(group);
    const auto left_out = bounded_summary(summary);
    CHECK(left_out["groups"] == 100);
    CHECK(left_out["peers"] == 300 * 100 - 2000);
    CHECK(summary["groups"].size() == 300);
    CHECK(summary["groups"][0]["peers"].size() == 100);
    CHECK(summary["groups"][299]["peers"].empty());
}

TEST_CASE("report: a long text is cut between two characters", "[report]") {
    nlohmann::ordered_json value{{"names", {std::string(599, 'x') + "\u00e4\u00e4", "short"}}};
    cut_texts(value);
    CHECK(value["names"][0] == std::string(599, 'x') + "\u2026");
    CHECK(value["names"][1] == "short");
}
