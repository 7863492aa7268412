// The types that libbpf relocates our programs against, in place of all of the kernel's types.
// Supports relocations by field, size, existence and enumerator; not those that depend on the
// number of a type or on the target of a pointer (bpf_core_type_id_kernel(),
// bpf_core_type_matches()).
#pragma once

#include <string>

#include "util/fd.h"
#include "util/result.h"

struct btf;

namespace twtrace {

/// A file in memory. It is created before the object is opened, because that needs its name, and
/// filled before the object is loaded, with the types that the object needs.
class RelocationTypes {
  public:
    static Result<RelocationTypes> create();

    /// For bpf_object_open_opts::btf_custom_path; valid as long as this object.
    [[nodiscard]] const char* path() const { return path_.c_str(); }
    /// own: the object's types.
    Result<void> fill(const btf* own);

  private:
    Fd file_;
    std::string path_;
};

} // namespace twtrace
