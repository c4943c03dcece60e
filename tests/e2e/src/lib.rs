//! End-to-end tests: real binaries on real stores, scripted, without faults. What each claims stands in
//! `tests/`.
