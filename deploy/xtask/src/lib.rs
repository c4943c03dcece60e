//! The commands behind `cargo xtask`.

mod apps;
pub mod arch;
mod beside;
pub mod commands;
mod debian;
mod dependencies;
mod depth;
mod fuzz;
mod install;
pub mod linting_compiler;
mod mutants;
mod mysql;
mod node;
mod only_deep;
mod processors;
mod repeat;
mod routes;
mod shell;
mod stages;
mod suites;
mod test;
mod test_servers;
mod workspace;

/// Errors are sentences for the person at the terminal.
pub type Result<T> = std::result::Result<T, String>;
