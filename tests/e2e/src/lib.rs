//! End-to-end tests: real binaries on real stores, scripted, without faults. The tests are in
//! `tests/`.
