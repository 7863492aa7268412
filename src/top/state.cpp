#include "top/state.h"

#include <algorithm>
#include <array>

namespace twtrace {

namespace {

using Kind = Key::Kind;

constexpr std::array groupings{GroupBy::Process, GroupBy::Service,  GroupBy::Container,
                               GroupBy::Peer,    GroupBy::Listener, GroupBy::Netns};
constexpr std::array sorts{Sort::Rate, Sort::Present, Sort::NoPort, Sort::Lifetime, Sort::Service};

template <typename Choices, typename Choice>
void cycle(const Choices& choices, Choice& choice, bool back) {
    const auto at = static_cast<std::size_t>(std::find(choices.begin(), choices.end(), choice) -
                                             choices.begin());
    choice = choices[(at + (back ? choices.size() - 1 : 1)) % choices.size()];
}

// Letters that act like the arrow keys, as in less.
Kind movement(const Key& key) {
    if (key.kind != Kind::Text)
        return key.kind;
    if (key.text == "j")
        return Kind::Down;
    return key.text == "k" ? Kind::Up : Kind::Text;
}

void remove_last_character(std::string& text) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U)
        text.pop_back();
    if (!text.empty())
        text.pop_back();
}

// The target of a movement, among `size` lines of which `page` are visible.
std::size_t moved(std::size_t at, Kind kind, std::size_t size, std::size_t page) {
    const std::size_t last = size > 0 ? size - 1 : 0;
    switch (kind) {
    case Kind::Up:
        return at > 0 ? at - 1 : 0;
    case Kind::Down:
        return std::min(at + 1, last);
    case Kind::PageUp:
        return at - std::min(at, page);
    case Kind::PageDown:
        return std::min(at + page, last);
    case Kind::Home:
        return 0;
    case Kind::End:
        return last;
    default:
        return at;
    }
}

} // namespace

void State::press_in_filter(const Key& key) {
    if (key.kind == Kind::Text && filter.size() < 64)
        filter += key.text;
    else if (key.kind == Kind::Backspace)
        remove_last_character(filter);
    else if (key.kind == Kind::Escape)
        filter.clear();
    if (key.kind == Kind::Escape || key.kind == Kind::Enter)
        typing = false;
}

bool State::press_common(char letter) {
    if (letter == 'p' || letter == ' ') {
        paused = !paused;
        return true;
    }
    if (letter == 'h' || letter == '?') {
        below_help = page;
        page = Page::Help;
        scroll = 0;
    }
    return false;
}

void State::move_to(std::size_t row, const Rows& rows) {
    cursor = row;
    selected.reset();
    if (row > 0 && row < rows.size())
        selected = rows[row]->key;
}

bool State::press_in_table(const Key& key, const Rows& rows, std::size_t visible) {
    const char letter = key.kind == Kind::Text && key.text.size() == 1 ? key.text[0] : '\0';
    if (key.kind == Kind::Enter && cursor < rows.size()) {
        open = rows[cursor]->key;
        page = Page::Group;
        scroll = 0;
    } else if (key.kind == Kind::Escape) {
        filter.clear();
    } else if (letter == 'q') {
        quit = true;
    } else if (letter == 'f' || letter == '/') {
        typing = true;
    } else if (letter == 's' || letter == 'S') {
        cycle(sorts, sort, letter == 'S');
        move_to(0, rows);
    } else if (letter == 'g' || letter == 'G') {
        cycle(groupings, by, letter == 'G');
        move_to(0, rows);
        return true;
    } else if (movement(key) != Kind::Text) {
        move_to(moved(cursor, movement(key), rows.size(), visible), rows);
    } else {
        return press_common(letter);
    }
    return false;
}

void State::press_in_page(const Key& key, std::size_t visible) {
    const bool back = key.kind == Kind::Escape || key.kind == Kind::Backspace ||
                      (key.kind == Kind::Text && key.text == "q");
    if (back) {
        page = page == Page::Help ? below_help : Page::Table;
        scroll = 0;
        return;
    }
    // Only the view knows the length of the page; it limits the value.
    scroll = moved(scroll, movement(key), SIZE_MAX, visible);
    if (movement(key) == Kind::End)
        scroll = SIZE_MAX / 2;
}

bool State::press(const Key& key, const Rows& rows, std::size_t visible) {
    if (typing) {
        press_in_filter(key);
        return false;
    }
    if (page == Page::Table)
        return press_in_table(key, rows, visible);
    if (page == Page::Help && key.kind == Kind::Text && movement(key) == Kind::Text) {
        page = below_help; // any letter leaves the help
        scroll = 0;
        return false;
    }
    press_in_page(key, visible);
    if (page == Page::Group && key.kind == Kind::Text && key.text.size() == 1)
        return press_common(key.text[0]);
    return false;
}

void State::settle(const Rows& rows, std::size_t visible) {
    if (selected) {
        const auto found = std::find_if(rows.begin(), rows.end(), [this](const FlowGroup* group) {
            return group->key == *selected;
        });
        if (found != rows.end())
            cursor = static_cast<std::size_t>(found - rows.begin());
    } else {
        cursor = 0;
    }
    cursor = std::min(cursor, rows.empty() ? 0 : rows.size() - 1);
    if (selected && cursor < rows.size())
        selected = rows[cursor]->key;
    const std::size_t shown = std::max<std::size_t>(1, visible);
    first = std::min(first, cursor);
    if (cursor >= first + shown)
        first = cursor + 1 - shown;
    if (first + shown > rows.size())
        first = rows.size() > shown ? rows.size() - shown : 0;
}

} // namespace twtrace
