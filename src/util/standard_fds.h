// Ensures that descriptors 0, 1 and 2 are open.
#pragma once

namespace twtrace {

/// Opens closed ones (`2>&-`) in the wrong direction: the next opened file must not become standard
/// output, and writing there must remain an error. To be called before any file is opened.
void fill_standard_fds();

} // namespace twtrace
