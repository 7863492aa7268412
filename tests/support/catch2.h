// One include for Catch2 2.x (Debian 12) and 3.x (Ubuntu 24.04).
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx; // 2.x has it outside
#else
#include <catch2/catch.hpp>
#endif
