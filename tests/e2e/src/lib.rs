//! End-to-end tests: real binaries on real stores, scripted, without faults. Their claims stand in
//! `tests/`.
