#include "attribute/runtime_names/name_parser.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <string>

#include <spdlog/spdlog.h>

#include "attribute/runtime_names/readers.h"
#include "privilege/sandbox.h"
#include "util/stream.h"

namespace twtrace {

namespace {

constexpr int reply_timeout_s = 10;
constexpr std::uint32_t max_id_bytes = 256;
constexpr std::uint32_t max_text_bytes = 64U << 20U; // the readers read less

struct Request {
    std::uint32_t format = 0;
    std::uint32_t id_length = 0;
    std::uint32_t text_length = 0;
};

struct Text {
    std::uint32_t length = 0;
    std::array<char, 508> bytes{}; // PROJECT/SERVICE is the longest
};

constexpr std::array members{&ContainerNames::container_name, &ContainerNames::pod,
                             &ContainerNames::pod_namespace, &ContainerNames::workload};
using Answer = std::array<Text, members.size()>;

ContainerNames parse(NameFormat format, std::string_view text, std::string_view id) {
    ContainerNames names;
    switch (format) {
    case NameFormat::DockerConfig:
        read_docker_config(text, names);
        break;
    case NameFormat::Bundle:
        read_bundle(text, names);
        break;
    case NameFormat::StorageList:
        read_storage_list(text, id, names);
        break;
    }
    return names;
}

Answer packed(const ContainerNames& names) {
    Answer answer;
    for (std::size_t index = 0; index < members.size(); ++index) {
        const std::string& name = names.*members[index];
        Text& text = answer[index];
        if (name.size() > text.bytes.size())
            continue;
        text.length = static_cast<std::uint32_t>(name.size());
        std::copy(name.begin(), name.end(), text.bytes.begin());
    }
    return answer;
}

// A workload may be PROJECT/SERVICE.
bool is_valid(std::string_view text, std::string ContainerNames::*member) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos || member != &ContainerNames::workload)
        return is_container_name(text);
    return is_container_name(text.substr(0, slash)) && is_container_name(text.substr(slash + 1));
}

// The process parses what others have written: only valid names are taken from it.
void take_valid(const Answer& answer, ContainerNames& names) {
    for (std::size_t index = 0; index < members.size(); ++index) {
        const Text& found = answer[index];
        const std::string_view name(found.bytes.data(),
                                    std::min<std::size_t>(found.length, found.bytes.size()));
        if ((names.*members[index]).empty() && is_valid(name, members[index]))
            names.*members[index] = name;
    }
}

bool send_request(int channel, NameFormat format, std::string_view text, std::string_view id) {
    const Request request{static_cast<std::uint32_t>(format), static_cast<std::uint32_t>(id.size()),
                          static_cast<std::uint32_t>(text.size())};
    return send_all(channel, {reinterpret_cast<const char*>(&request), sizeof(request)},
                    reply_timeout_s) &&
           send_all(channel, id, reply_timeout_s) && send_all(channel, text, reply_timeout_s);
}

class NameParser {
  public:
    explicit NameParser(Sandbox sandbox) : sandbox_(std::move(sandbox)) {}

    void ask(NameFormat format, std::string_view text, std::string_view id, ContainerNames& names) {
        const std::lock_guard lock(mutex_);
        if (ended_ || request_names(sandbox_.channel(), format, text, id, names))
            return;
        ended_ = true;
        sandbox_.kill();
        spdlog::warn("the process that parses the files of container runtimes {}: new containers "
                     "have no names from now on; start twtrace again",
                     sandbox_.fate());
    }

    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    Sandbox sandbox_;
    pid_t pid_ = sandbox_.pid();
    std::mutex mutex_; // the loop and the survey of the host share it
    bool ended_ = false;
};

std::optional<NameParser>& parser() {
    static std::optional<NameParser> only;
    return only;
}

} // namespace

Result<void> start_name_parser() {
    auto sandbox =
        Sandbox::start("files of container runtimes", SandboxWork::Parse, {}, answer_name_requests);
    if (!sandbox)
        return tl::unexpected(sandbox.error());
    parser().emplace(*std::move(sandbox));
    return {};
}

std::vector<pid_t> parser_pids() {
    return parser() ? std::vector<pid_t>{parser()->pid()} : std::vector<pid_t>();
}

void parse_names(NameFormat format, std::string_view text, std::string_view id,
                 ContainerNames& names) {
    if (id.size() > max_id_bytes || text.size() > max_text_bytes)
        return;
    if (parser())
        parser()->ask(format, text, id, names);
    else
        take_valid(packed(parse(format, text, id)), names);
}

void answer_name_requests(int channel) {
    Request request;
    std::string id;
    std::string text;
    while (receive_all(channel, &request, sizeof(request), forever)) {
        if (request.id_length > max_id_bytes || request.text_length > max_text_bytes)
            return;
        id.resize(request.id_length);
        text.resize(request.text_length);
        if (!receive_all(channel, id.data(), id.size(), forever) ||
            !receive_all(channel, text.data(), text.size(), forever))
            return;
        const Answer answer = packed(parse(static_cast<NameFormat>(request.format), text, id));
        if (!send_all(channel, {reinterpret_cast<const char*>(&answer), sizeof(answer)}, forever))
            return;
    }
}

bool request_names(int channel, NameFormat format, std::string_view text, std::string_view id,
                   ContainerNames& names) {
    Answer answer;
    if (!send_request(channel, format, text, id) ||
        !receive_all(channel, &answer, sizeof(answer), reply_timeout_s))
        return false;
    take_valid(answer, names);
    return true;
}

} // namespace twtrace
