// Whole screens as text. TWTRACE_UPDATE_GOLDEN=1 rewrites the golden files.
#include "catch2.h"

#include "aggregate/fold.h"
#include "golden.h"
#include "scene.h"
#include "top/view.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

void check_golden(const std::string& name, const std::string& actual) {
    CHECK(actual == golden("top-" + name + ".txt", actual));
}

// True if the lines of text_of() fit on the screen.
bool is_within(const Frame& frame, Size size) {
    if (frame.lines.size() != static_cast<std::size_t>(size.rows))
        return false;
    for (const Line& line : frame.lines) {
        int width = 0;
        for (const Span& span : line)
            width += width_of(span.text);
        if (width > size.columns)
            return false;
    }
    return true;
}

} // namespace

TEST_CASE("top view: the table in 80 columns") {
    State state;
    const Flows flows = scene();
    const Picture picture = picture_of(flows);
    check_golden("80x24", drawn(state, picture, {24, 80}));
}

TEST_CASE("top view: a wide terminal has longer names and a longer minute") {
    State state;
    const Flows flows = scene();
    const Picture picture = picture_of(flows);
    check_golden("160x20", drawn(state, picture, {20, 160}));
}

TEST_CASE("top view: 40 columns and 10 rows, in ASCII") {
    State state;
    const Flows flows = scene(500);
    const Picture picture = picture_of(flows);
    check_golden("40x10", drawn(state, picture, {10, 40}, Glyphs{false}));
}

TEST_CASE("top view: entries that could not be compared are a number of their own") {
    State state;
    const Flows flows = scene();
    Surroundings around = surroundings();
    around.accounting.unverified = 33;
    const Picture picture = make_picture(flows, Inherited(scene_start), around, GroupBy::Process);
    CHECK(drawn(state, picture, {24, 80}).find("lost 0, missed 0, unverified 33") !=
          std::string::npos);
}

TEST_CASE("top view: a group with all details") {
    State state;
    const Flows flows = scene(500);
    const Picture picture = picture_of(flows);
    const Rows rows = arranged(picture, state.sort, {});
    state.press({Key::Kind::Enter, {}}, rows, 5);
    check_golden("group", drawn(state, picture, {40, 80}));
    state.press({Key::Kind::End, {}}, rows, 5);
    const std::string end = drawn(state, picture, {10, 80});
    CHECK(end.find("LAST MINUTE") != std::string::npos);
    CHECK(end.find("CLOSED BY") == std::string::npos);
}

TEST_CASE("top view: a group that has disappeared, and one without details") {
    State state;
    const Flows flows = scene();
    const Picture picture = picture_of(flows);
    state.page = State::Page::Group;
    state.open.number = 12345;
    CHECK(drawn(state, picture, {10, 80}).find("closed nothing for a minute") != std::string::npos);
    for (const FlowGroup& group : picture.groups)
        if (group.key.role == Role::Server)
            state.open = group.key;
    check_golden("group-unknown", drawn(state, picture, {30, 80}));
}

TEST_CASE("top view: the help") {
    State state;
    state.page = State::Page::Help;
    const Flows flows = scene();
    const Picture picture = picture_of(flows);
    check_golden("help", drawn(state, picture, {38, 80}));
}

TEST_CASE("top view: by each of the groupings") {
    std::string all;
    const Flows flows = scene();
    for (const GroupBy by :
         {GroupBy::Service, GroupBy::Container, GroupBy::Peer, GroupBy::Listener, GroupBy::Netns}) {
        State state;
        state.by = by;
        const Picture picture = picture_of(flows, by);
        const std::string text = drawn(state, picture, {16, 100});
        all += text.substr(text.find('\n', text.find("older")) + 1);
    }
    check_golden("groupings", all);
}

TEST_CASE("top view: without any event") {
    State state;
    Flows flows(scene_start);
    flows.age(scene_start + second);
    const Picture picture = picture_of(flows);
    const std::string text = drawn(state, picture, {24, 80});
    CHECK(text.find("OK: no entry into TIME_WAIT since the trace began: nothing to do") !=
          std::string::npos);
    CHECK(text.find("no connection has entered") != std::string::npos);
}

TEST_CASE("top view: a filter while it is typed, and a pause, are visible") {
    State state;
    state.typing = true;
    state.filter = "no such";
    state.paused = true;
    const Flows flows = scene();
    const Picture picture = picture_of(flows);
    const Rows rows = arranged(picture, state.sort, state.filter);
    const Frame frame = draw(state, picture, rows, {24, 120}, {}, 1);
    const std::string text = text_of(frame);
    CHECK(text.find("PAUSED") != std::string::npos);
    CHECK(text.find("nothing matches the filter") != std::string::npos);
    CHECK(text.find("filter: no such ") != std::string::npos);
    CHECK(frame.cursor_x == 15);
}

TEST_CASE("top view: never more than the screen, whatever its size and the page") {
    const Flows flows = scene(500);
    for (const GroupBy by : {GroupBy::Process, GroupBy::Netns, GroupBy::Peer})
        for (int rows = 1; rows <= 40; rows += rows < 12 ? 1 : 7)
            for (int columns = 1; columns <= 200; columns += columns < 50 ? 1 : 13)
                for (const auto page :
                     {State::Page::Table, State::Page::Group, State::Page::Help}) {
                    State state;
                    state.by = by;
                    state.page = page;
                    const Picture picture = picture_of(flows, by);
                    state.open = picture.groups.front().key;
                    const Rows sorted = arranged(picture, state.sort, {});
                    INFO(rows << " x " << columns);
                    REQUIRE(is_within(draw(state, picture, sorted, {rows, columns}, {}, 1),
                                      {rows, columns}));
                }
}

TEST_CASE("top view: of ten thousand groups only the visible ones are formatted") {
    Flows flows(scene_start);
    for (std::uint32_t pid = 1; pid <= 10'000; ++pid) {
        Event event = proxy_close();
        event.task.pid = event.task.tid = pid;
        flows.add(
            event, scene_start,
            static_cast<std::uint32_t>(pid + fold_closes)); // those with fewer closes share a row
    }
    flows.age(scene_start + second);
    const Picture picture = picture_of(flows);
    State state;
    const Rows rows = arranged(picture, state.sort, {});
    REQUIRE(rows.size() == 10'000);
    CHECK(rows.front()->key.number == 10'000);
    state.press({Key::Kind::End, {}}, rows, 5);
    const Frame frame = draw(state, picture, rows, {24, 80}, {}, 1);
    CHECK(state.cursor == 9'999);
    const std::string text = text_of(frame);
    CHECK(text.find("{  1}") != std::string::npos);
}

TEST_CASE("top: entries in equal the rate, and entries less ends the change of TIME_WAIT") {
    const Flows flows = scene();
    const Picture picture = picture_of(flows);
    CHECK(picture.rate == Approx(411));
    REQUIRE(picture.entering);
    REQUIRE(picture.leaving);
    CHECK(*picture.entering == Approx(picture.rate));
    CHECK(*picture.entering - *picture.leaving == Approx((11'903 - 8'100) / 10.0));

    Surroundings filtered = surroundings();
    filtered.filtered = true;
    CHECK_FALSE(make_picture(flows, Inherited(scene_start), filtered, GroupBy::Process).entering);
    filtered.entering_unfiltered = 500;
    CHECK(*make_picture(flows, Inherited(scene_start), filtered, GroupBy::Process).entering == 500);
}
