// Verdicts as a JUnit XML document, which CI systems show: one test case for each budget.
#pragma once

#include <string>
#include <vector>

#include "budget/budget.h"

namespace twtrace {

/// The elements that GitLab, Jenkins and GitHub's report actions read: testsuites, testsuite,
/// testcase, failure. duration_s: of the summary.
std::string junit_of(const std::vector<BudgetVerdict>& verdicts, double duration_s);

/// Creates or replaces the file.
Result<void> write_junit(const std::string& path, const std::vector<BudgetVerdict>& verdicts,
                         double duration_s);

} // namespace twtrace
