// What libbpf relocates our programs against, in place of all of the kernel's types. For
// relocations by field, size, existence and enumerator; not for what depends on the number of a
// type or on what a pointer points to (bpf_core_type_id_kernel(), bpf_core_type_matches()).
#pragma once

#include <string>

#include "util/fd.h"
#include "util/result.h"

struct btf;

namespace twtrace {

/// A file in memory. It exists before the object is opened, which wants its name, and is filled
/// before the object is loaded, with what its own types ask for.
class RelocationTypes {
  public:
    static Result<RelocationTypes> create();

    /// For bpf_object_open_opts::btf_custom_path; as long as this object lives.
    [[nodiscard]] const char* path() const { return path_.c_str(); }
    /// own: the object's types.
    Result<void> fill(const btf* own);

  private:
    Fd file_;
    std::string path_;
};

} // namespace twtrace
