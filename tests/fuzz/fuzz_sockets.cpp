// Any answer of inet_diag: a sink can print every resulting socket.
#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "sink/line_sink.h"
#include "source/socket_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace twtrace;
    fuzz::Input input(data, size);
    const std::uint8_t sequence = input.byte();
    std::size_t visits = 0;
    const DumpStep step =
        parse_socket_messages(input.bytes(size), sequence, [&](const TcpSocket& socket) {
            fuzz::require(socket.local.family == 4 || socket.local.family == 6);
            fuzz::require(number_of(socket.state) >= 1 && number_of(socket.state) <= 11);
            TimeWaitSocket row;
            row.event.local = socket.local;
            row.event.remote = socket.remote;
            row.remaining_ms = socket.remaining_ms;
            std::string line;
            SocketSink(Format::Json, false).line(row, line);
            fuzz::require(nlohmann::json::accept(line));
            return ++visits < 8;
        });
    fuzz::require((step.progress == DumpProgress::Failed) == (step.error > 0));
    return 0;
}
