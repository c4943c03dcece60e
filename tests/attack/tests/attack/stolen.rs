//! An edge in other hands, with its disk and its key.
