#include "top/screen.h"

#include <array>
#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <term.h>
#undef columns // term.h defines macros with the names of all capabilities
#undef lines

#include "top/restore.h"
#include "util/text.h"

namespace twtrace {

namespace {

volatile std::sig_atomic_t stop_requested = 0;
volatile std::sig_atomic_t continued = 0;

extern "C" void note_stop(int) {
    stop_requested = 1;
}
extern "C" void note_continue(int) {
    continued = 1;
}

void handle(int number, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(number, &action, nullptr);
}

// A capability's text without its padding ("$<5>"), which only tputs() interprets.
std::string capability(const char* name) {
    const char* found = tigetstr(name);
    if (found == nullptr || reinterpret_cast<std::intptr_t>(found) == -1)
        return {};
    std::string text(found);
    for (std::size_t at = text.find("$<"); at != std::string::npos; at = text.find("$<")) {
        const std::size_t end = text.find('>', at);
        if (end == std::string::npos)
            break;
        text.erase(at, end - at + 1);
    }
    return text;
}

// no-color.org: colour is off if the variable is set and not empty.
bool may_colour() {
    const char* no_color = std::getenv("NO_COLOR");
    return no_color == nullptr || *no_color == '\0';
}

enum Pair : short { Green = 1, Yellow, Red };

void start_colours() {
    start_color();
    use_default_colors();
    init_pair(Green, COLOR_GREEN, -1);
    init_pair(Yellow, COLOR_YELLOW, -1);
    init_pair(Red, COLOR_RED, -1);
}

attr_t colour(Pair pair) {
    return static_cast<attr_t>(COLOR_PAIR(pair));
}

Size window_size() {
    winsize window{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0)
        return {LINES, COLS};
    return {window.ws_row, window.ws_col};
}

void append_utf8_of(wint_t wide, std::string& out) {
    const auto code = static_cast<std::uint32_t>(wide);
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | code >> 6U);
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | code >> 12U);
        put(0x80U | (code >> 6U & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | code >> 18U);
        put(0x80U | (code >> 12U & 0x3FU));
        put(0x80U | (code >> 6U & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

std::optional<Key> special_key(wint_t code) {
    using Kind = Key::Kind;
    switch (code) {
    case KEY_UP:
        return Key{Kind::Up, {}};
    case KEY_DOWN:
        return Key{Kind::Down, {}};
    case KEY_LEFT:
        return Key{Kind::Left, {}};
    case KEY_RIGHT:
        return Key{Kind::Right, {}};
    case KEY_PPAGE:
        return Key{Kind::PageUp, {}};
    case KEY_NPAGE:
        return Key{Kind::PageDown, {}};
    case KEY_HOME:
        return Key{Kind::Home, {}};
    case KEY_END:
        return Key{Kind::End, {}};
    case KEY_ENTER:
        return Key{Kind::Enter, {}};
    case KEY_BACKSPACE:
        return Key{Kind::Backspace, {}};
    default:
        return std::nullopt;
    }
}

std::optional<Key> typed_key(wint_t code) {
    using Kind = Key::Kind;
    switch (code) {
    case '\r':
    case '\n':
        return Key{Kind::Enter, {}};
    case 0x1b:
        return Key{Kind::Escape, {}};
    case 0x7f:
    case '\b':
        return Key{Kind::Backspace, {}};
    default:
        break;
    }
    Key key;
    if (code >= 0x20)
        append_utf8_of(code, key.text);
    return key.text.empty() ? std::nullopt : std::optional(key);
}

} // namespace

struct Screen::Impl {
    SCREEN* screen = nullptr;
    bool utf8 = false;
    bool colours = false;
    Size size;

    ~Impl() {
        endwin();
        forget_restore();
        handle(SIGTSTP, SIG_DFL);
        handle(SIGCONT, SIG_DFL);
        delscreen(screen);
    }
    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] attr_t attributes(Style style) const {
        switch (style) {
        case Style::Plain:
        case Style::Dim: // A_DIM is unreadable on many consoles
            return A_NORMAL;
        case Style::Bold:
            return A_BOLD;
        case Style::Title:
            return A_BOLD | A_UNDERLINE;
        case Style::Selected:
            return A_REVERSE;
        case Style::Good:
            return A_BOLD | (colours ? colour(Green) : 0);
        case Style::Warn:
            return A_BOLD | (colours ? colour(Yellow) : 0);
        case Style::Bad:
            return A_BOLD | (colours ? colour(Red) : A_REVERSE);
        }
        return A_NORMAL;
    }
};

Screen::Screen(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Screen::Screen(Screen&&) noexcept = default;
Screen& Screen::operator=(Screen&&) noexcept = default;
Screen::~Screen() = default;

Result<void> Screen::check() {
    constexpr std::string_view instead =
        "use `twtrace summary -d 10` for a table after ten seconds, or `twtrace trace` for lines";
    if (isatty(STDOUT_FILENO) == 0)
        return fail(fmt::format("top needs a terminal as its standard output; {}", instead));
    const char* given = std::getenv("TERM");
    const std::string term = given == nullptr ? "" : given;
    int status = 0;
    if (setupterm(nullptr, STDOUT_FILENO, &status) != OK)
        return fail(fmt::format("the terminal type TERM='{}' is unknown; set TERM=vt100 or "
                                "TERM=xterm, or {}",
                                printable(term), instead));
    const bool can_move = !capability("cup").empty();
    del_curterm(cur_term);
    if (!can_move)
        return fail(fmt::format("a terminal of the type TERM='{}' can't move its cursor; {}",
                                printable(term), instead));
    return {};
}

Result<Screen> Screen::open() {
    if (auto checked = check(); !checked)
        return tl::unexpected(checked.error());
    auto impl = std::make_unique<Impl>();
    std::setlocale(LC_CTYPE, "");
    impl->utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    termios modes{};
    tcgetattr(STDOUT_FILENO, &modes);
    impl->screen = newterm(nullptr, stdout, stdin);
    if (impl->screen == nullptr)
        return fail("cannot set up the terminal; use `twtrace summary -d 10` instead");
    restore_on_crash(
        STDOUT_FILENO,
        capability("sgr0") + capability("cnorm") + capability("rmkx") + capability("rmcup"), modes);
    handle(SIGTSTP, note_stop);
    handle(SIGCONT, note_continue);
    impl->colours = may_colour() && has_colors();
    if (impl->colours)
        start_colours();
    set_escdelay(25);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    impl->size = {LINES, COLS};
    return Screen(std::move(impl));
}

Glyphs Screen::glyphs() const {
    return {impl_->utf8};
}

Size Screen::size() const {
    return impl_->size;
}

void Screen::show(const Frame& frame) {
    erase();
    for (std::size_t row = 0; row < frame.lines.size(); ++row) {
        move(static_cast<int>(row), 0);
        for (const Span& span : frame.lines[row]) {
            attrset(static_cast<int>(impl_->attributes(span.style)));
            addstr(span.text.c_str());
        }
    }
    attrset(A_NORMAL);
    curs_set(frame.cursor_x ? 1 : 0);
    if (frame.cursor_x)
        move(static_cast<int>(frame.lines.size()) - 1, *frame.cursor_x);
    refresh();
}

std::optional<Key> Screen::key() {
    while (true) {
        wint_t code = 0;
        const int kind = get_wch(&code);
        if (kind == ERR)
            return std::nullopt;
        auto key = kind == KEY_CODE_YES ? special_key(code) : typed_key(code);
        if (key)
            return key;
    }
}

bool Screen::handle_signals() {
    bool redraw = false;
    if (stop_requested != 0) {
        endwin();
        handle(SIGTSTP, SIG_DFL);
        raise(SIGTSTP); // the process stops here
        handle(SIGTSTP, note_stop);
        stop_requested = 0;
        continued = 1;
    }
    if (continued != 0) {
        continued = 0;
        reset_prog_mode(); // the shell has used the terminal in between
        clearok(curscr, TRUE);
        redraw = true;
    }
    const Size now = window_size();
    if (now.rows != impl_->size.rows || now.columns != impl_->size.columns) {
        impl_->size = now;
        resizeterm(now.rows, now.columns);
        clearok(curscr, TRUE);
        redraw = true;
    }
    return redraw;
}

} // namespace twtrace
