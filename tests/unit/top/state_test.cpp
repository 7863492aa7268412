#include "catch2.h"

#include "scene.h"
#include "top/state.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

using Kind = Key::Kind;

// A table of several groups, each with fewer entries than the one before.
class Table {
  public:
    explicit Table(std::uint32_t groups) : flows_(scene_start) {
        for (std::uint32_t pid = 1; pid <= groups; ++pid) {
            Event event = proxy_close();
            event.task.pid = event.task.tid = pid;
            flows_.add(event, scene_start, 10 * (groups + 1 - pid));
        }
        remake();
        settle();
    }

    void type(const std::string& text) {
        for (const char letter : text)
            press({Kind::Text, std::string(1, letter)});
    }
    void press(Kind kind) { press({kind, {}}); }
    void press(const Key& key) {
        if (state.press(key, rows, visible))
            remake();
        settle();
    }
    void add(std::uint32_t pid, std::uint32_t times) {
        Event event = proxy_close();
        event.task.pid = event.task.tid = pid;
        flows_.add(event, flows_.now_ns(), times);
        remake();
        settle();
    }
    std::uint64_t pid_at_cursor() const { return rows.at(state.cursor)->key.number; }

    State state;
    Picture picture;
    Rows rows;
    std::size_t visible = 5;

  private:
    void remake() { picture = test::picture_of(flows_, state.by); }
    void settle() {
        rows = arranged(picture, state.sort, state.filter);
        state.settle(rows, visible);
    }
    Flows flows_;
};

} // namespace

TEST_CASE("top keys: arrows, j and k, pages and ends") {
    Table table(20);
    table.press(Kind::Down);
    table.type("j");
    CHECK(table.state.cursor == 2);
    CHECK(table.state.first == 0);
    table.type("k");
    CHECK(table.state.cursor == 1);
    table.press(Kind::PageDown);
    CHECK(table.state.cursor == 6);
    CHECK(table.state.first == 2);
    table.press(Kind::End);
    CHECK(table.state.cursor == 19);
    CHECK(table.state.first == 15);
    table.press(Kind::Down);
    CHECK(table.state.cursor == 19);
    table.press(Kind::PageUp);
    CHECK(table.state.cursor == 14);
    CHECK(table.state.first == 14);
    table.press(Kind::Home);
    CHECK(table.state.cursor == 0);
    table.press(Kind::Up);
    CHECK(table.state.cursor == 0);
    CHECK(table.state.first == 0);
}

TEST_CASE("top keys: the cursor stays on its group, or in the first row if it was not moved") {
    Table table(5);
    CHECK(table.pid_at_cursor() == 1);
    table.add(5, 1000);
    CHECK(table.pid_at_cursor() == 5);
    table.press(Kind::Down);
    CHECK(table.pid_at_cursor() == 1);
    table.add(3, 5000);
    CHECK(table.pid_at_cursor() == 1);
    CHECK(table.state.cursor == 2);
}

TEST_CASE("top keys: s and S change the order, g and G the grouping") {
    Table table(3);
    table.press(Kind::Down);
    table.type("s");
    CHECK(table.state.sort == Sort::Present);
    CHECK(table.state.cursor == 0);
    table.type("ssss");
    CHECK(table.state.sort == Sort::Rate);
    table.type("S");
    CHECK(table.state.sort == Sort::Service);
    table.type("g");
    CHECK(table.picture.by == GroupBy::Service);
    CHECK(table.rows.size() == 1);
    table.type("ggggg");
    CHECK(table.picture.by == GroupBy::Process);
    CHECK(table.rows.size() == 3);
    table.type("G");
    CHECK(table.picture.by == GroupBy::Netns);
}

TEST_CASE("top keys: Enter opens the selected line; Esc, Backspace and q return") {
    Table table(3);
    table.press(Kind::Down);
    for (const Key& back :
         {Key{Kind::Escape, {}}, Key{Kind::Backspace, {}}, Key{Kind::Text, "q"}}) {
        table.press(Kind::Enter);
        CHECK(table.state.page == State::Page::Group);
        CHECK(table.state.open.number == 2);
        table.press(back);
        CHECK(table.state.page == State::Page::Table);
        CHECK_FALSE(table.state.quit);
        CHECK(table.pid_at_cursor() == 2);
    }
    table.type("q");
    CHECK(table.state.quit);
}

TEST_CASE("top keys: Enter on an empty table opens nothing") {
    Table table(0);
    table.press(Kind::Down);
    table.press(Kind::End);
    table.press(Kind::Enter);
    CHECK(table.state.page == State::Page::Table);
    CHECK(table.state.cursor == 0);
}

TEST_CASE("top keys: all letters can be typed into a filter; Esc clears it, Enter keeps it") {
    Table table(20);
    table.type("f");
    CHECK(table.state.typing);
    table.type("qsg");
    CHECK(table.rows.empty());
    CHECK_FALSE(table.state.quit);
    table.press(Kind::Backspace);
    table.press(Kind::Backspace);
    table.press(Kind::Backspace);
    table.press({Kind::Text, "\u7f51"});
    CHECK(table.state.filter == "\u7f51");
    table.press(Kind::Backspace);
    CHECK(table.state.filter.empty());
    table.press(Kind::Backspace);
    table.type("NGINX.service 17"); // each name is matched separately
    CHECK(table.rows.empty());
    table.press(Kind::Escape);
    CHECK_FALSE(table.state.typing);
    CHECK(table.rows.size() == 20);
    table.type("/NGINX");
    table.press(Kind::Enter);
    CHECK_FALSE(table.state.typing);
    CHECK(table.rows.size() == 20);
    table.type("f");
    table.type("x");
    CHECK(table.rows.empty());
    table.press(Kind::Enter);
    table.press(Kind::Escape);
    CHECK(table.rows.size() == 20);
}

TEST_CASE("top keys: a filter matches pids, peers and roles") {
    Table table(20);
    table.type("f 17 ");
    REQUIRE(table.rows.size() == 1);
    CHECK(table.pid_at_cursor() == 17);
    table.press(Kind::Escape);
    table.type("f10.0.0.5:5432 client");
    CHECK(table.rows.size() == 20);
    table.press(Kind::Escape);
    table.type("fserver");
    CHECK(table.rows.empty());
}

TEST_CASE("top keys: help opens from every page and returns to it") {
    Table table(3);
    table.type("h");
    CHECK(table.state.page == State::Page::Help);
    table.press(Kind::Down);
    CHECK(table.state.scroll == 1);
    table.type("q");
    CHECK(table.state.page == State::Page::Table);
    CHECK_FALSE(table.state.quit);
    table.press(Kind::Enter);
    table.type("?");
    CHECK(table.state.page == State::Page::Help);
    table.press(Kind::Escape);
    CHECK(table.state.page == State::Page::Group);
}

TEST_CASE("top keys: p pauses and resumes") {
    Table table(3);
    table.type("p");
    CHECK(table.state.paused);
    table.press(Kind::Enter);
    table.type("p");
    CHECK_FALSE(table.state.paused);
}
