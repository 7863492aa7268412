// What a sandboxed process may send over its socket, and what the process itself receives: pages of
// the exporter, names of containers.
#include <string>

#include <sys/socket.h>

#include "attribute/runtime_names/name_parser.h"
#include "exporter/page_channel.h"
#include "fuzz.h"
#include "util/fd.h"

namespace {

using namespace twtrace;
using namespace twtrace::fuzz;

// A socket whose other end has sent these bytes and sends no more.
struct Channel {
    explicit Channel(std::string_view sent) {
        int ends[2];
        require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        own = Fd(ends[0]);
        other = Fd(ends[1]);
        require(send(other.get(), sent.data(), sent.size(), 0) ==
                static_cast<ssize_t>(sent.size()));
        require(shutdown(other.get(), SHUT_WR) == 0);
    }
    Fd own;
    Fd other;
};

void ask_for_page(std::string_view sent) {
    constexpr std::size_t head_bytes = 12;
    constexpr std::size_t length_at = 4;
    std::uint32_t length = 0;
    if (sent.size() >= head_bytes)
        std::memcpy(&length, sent.data() + length_at, sizeof(length));
    if (length > 2 * sent.size() && length <= page_limit_bytes)
        return; // takes time: memory for a page that does not come
    const Channel channel(sent);
    const auto reply = request_page(channel.own.get(), Page::Metrics);
    require(reply.has_value() == (sent.size() >= head_bytes && sent.size() - head_bytes >= length));
    if (!reply)
        return;
    require(*reply->body == sent.substr(head_bytes, length));
    const Channel back("");
    require(send_page(back.other.get(), *reply, 1) == false); // it has been shut down
}

void answer_questions(std::string_view sent) {
    const Channel channel(sent);
    for (const char byte : sent) {
        const Question question = receive_question(channel.own.get());
        require((question.kind == Question::Kind::ForPage) == page_of(byte).has_value());
        require(question.kind != Question::Kind::None);
    }
    require(receive_question(channel.own.get()).kind == Question::Kind::Invalid);
}

void ask_for_names(std::string_view sent) {
    const Channel channel(sent);
    ContainerNames names;
    (void)request_names(channel.own.get(), NameFormat::DockerConfig, "{}", "id", names);
    for (const std::string* name : {&names.container_name, &names.pod, &names.pod_namespace})
        require(name->empty() || is_container_name(*name));
    require(names.workload.size() <= 2 * 253 + 1 && !has_control_characters(names.workload));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    ask_for_page(text);
    answer_questions(text.substr(0, 64));
    ask_for_names(text);
    // The answers to more requests would not fit into the socket's buffer, and nobody reads them.
    answer_name_requests(Channel(text.substr(0, 400)).own.get());
    return 0;
}
