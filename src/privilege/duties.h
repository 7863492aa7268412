// The operations that a command still needs once it has started. Nothing else is then permitted.
#pragma once

#include <string>
#include <vector>

namespace twtrace {

struct Duties {
    bool reads_maps = false;      ///< of the BPF programs: CAP_BPF
    bool reads_processes = false; ///< of other users, in /proc: CAP_SYS_PTRACE
    bool reads_anywhere = false;  ///< files of other users, cgroups by handle: CAP_DAC_READ_SEARCH
    bool enters_namespaces = false; ///< network namespaces: CAP_SYS_ADMIN
    bool writes_files = false;      ///< opens files for writing; open descriptors need nothing
    bool writes_anywhere = false;   ///< in directories of other users: CAP_DAC_OVERRIDE
    bool resolves_names = false;    ///< DNS, and the name service modules of the C library
    bool has_child = false;         ///< signals a process of another user: CAP_KILL
    bool uses_terminal = false;
    /// Landlock: only the files below are accessible. Not for commands that read other processes:
    /// the kernel shows a process under Landlock no /proc/PID/exe, fd or ns of processes outside of
    /// its domain (security/landlock, hook_ptrace_access_check).
    bool confined = false;
    std::vector<std::string> readable; ///< files, or directories with their content
    std::vector<std::string> writable; ///< directories
};

} // namespace twtrace
