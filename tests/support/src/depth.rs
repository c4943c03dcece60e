//! The depth of a test run.

/// True in `cargo xtask test --deep`. Other runs try less of what is random or repeated.
pub fn is_deep_run() -> bool {
    std::env::var("HOLDFAST_DEEP").is_ok_and(|value| value == "1")
}
