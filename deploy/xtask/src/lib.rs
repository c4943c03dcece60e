//! The commands behind `cargo xtask`. They build the workspace, always whole and in one profile, and
//! hand over to `holdfast-stack` or to a test runner.

mod apps;
pub mod arch;
mod beside;
pub mod commands;
mod install;
mod mutants;
mod node;
mod shell;
mod stages;
mod suites;
mod test;
mod test_servers;
mod workspace;

/// Errors are sentences for the person who typed the command.
pub type Result<T> = std::result::Result<T, String>;
