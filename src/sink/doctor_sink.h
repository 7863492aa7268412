// The doctor's findings as text or JSON ("twtrace.doctor/1").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "doctor/finding.h"
#include "doctor/observations.h"
#include "sink/line_sink.h"

namespace twtrace::doctor {

struct DoctorReport {
    std::string host;
    std::string kernel;
    std::uint64_t start_wall_ns = 0;
    std::uint64_t end_wall_ns = 0;
    Observations seen;
    std::vector<Finding> findings;  ///< worst first
    std::vector<std::string> notes; ///< what could not be checked
};

void append_doctor_table(const DoctorReport& report, bool wide, std::string& out);
void append_doctor_json(const DoctorReport& report, std::string& out);

} // namespace twtrace::doctor
