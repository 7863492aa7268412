#include "sink/json_parts.h"
#include "sink/whatif_sink.h"

namespace twtrace {

namespace {

using namespace json;

Json effect_of(const whatif::Effect& effect) {
    return {{"closes_per_s", effect.closes_per_s},
            {"ports", effect.ports},
            {"port_use", known(effect.port_share)},
            {"run_out_s", known(effect.run_out_s)},
            {"failed_connects", effect.failed_connects},
            {"handshakes_saved_per_s", effect.handshakes_saved_per_s}};
}

Json remedy_of(const whatif::Remedy& remedy) {
    Json one{{"id", remedy.id},
             {"title", remedy.title},
             {"helps", remedy.helps},
             {"effect", effect_of(remedy.effect)},
             {"caveat", name(remedy.caveat)}};
    one["pool"] = remedy.pool ? Json(remedy.pool->idle_connections) : Json(nullptr);
    one["idle_s"] =
        remedy.pool ? Json(static_cast<double>(remedy.pool->idle_ns) / 1e9) : Json(nullptr);
    return one;
}

Json prediction_of(const whatif::Prediction& prediction) {
    const whatif::FlowId& flow = prediction.flow;
    const auto address = [](const Address& one) {
        return one.family != 0 ? Json(to_string(one)) : Json(nullptr);
    };
    Json remedies = Json::array();
    for (const whatif::Remedy& remedy : prediction.remedies)
        remedies.push_back(remedy_of(remedy));
    return {{"service", name(flow.service)},
            {"role", std::string(name_of(flow.role))},
            {"netns", flow.netns},
            {"local_addr", address(flow.local)},
            {"remote_addr", address(flow.remote)},
            {"service_port", flow.port},
            {"remote_service", name(prediction.remote_service)},
            {"closes", prediction.closes},
            {"today", effect_of(prediction.today)},
            {"remedies", remedies}};
}

} // namespace

void append_whatif_json(const WhatIfReport& report, std::string& out) {
    Json predictions = Json::array();
    for (const whatif::Prediction& prediction : report.predictions)
        predictions.push_back(prediction_of(prediction));
    const Json document{
        {"schema", "twtrace.whatif/1"},        {"host", text(report.host)},
        {"start", time(report.start_wall_ns)}, {"duration_s", report.seconds},
        {"played_s", report.kept_seconds},     {"accounting", accounting_of(report.accounting)},
        {"predictions", predictions},          {"beyond", report.beyond}};
    out += document.dump(2) + '\n';
}

} // namespace twtrace
