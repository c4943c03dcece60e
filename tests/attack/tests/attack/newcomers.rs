//! Many fresh accounts at once.
