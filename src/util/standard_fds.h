// Descriptors 0, 1 and 2, whoever started us.
#pragma once

namespace twtrace {

/// Opens those that are closed (`2>&-`), in the wrong direction: the next file that is opened must
/// not become standard output, and writing there stays an error. To be called before anything is
/// opened.
void fill_standard_fds();

} // namespace twtrace
