//! The compiler of a test run: rustc with clippy's lints, as cargo's `RUSTC_WORKSPACE_WRAPPER`.
//!
//! A library or program is compiled alone and then again with its tests. Clippy takes a fifth of the
//! time, so it checks such code once, with its tests.

use std::{
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt,
    path::Path,
    process::Command,
};

use crate::Result;

/// As `cargo clippy -- -D warnings` sets it; the last word separates arguments.
const CLIPPY_ARGUMENTS: (&str, &str) = ("CLIPPY_ARGS", "-Dwarnings__CLIPPY_HACKERY__");
/// Build scripts have no tests, so clippy checks them as they are.
const BUILD_SCRIPT: &str = "build_script_build";

/// Makes cargo compile the packages of a workspace with the xtask at this path.
pub fn set_for(cargo: &mut Command, xtask: &Path) {
    let (name, value) = CLIPPY_ARGUMENTS;
    cargo.env("RUSTC_WORKSPACE_WRAPPER", xtask).env(name, value);
}

/// Cargo calls a wrapper with the path of rustc and its arguments.
pub fn is_called_by_cargo(arguments: &[OsString]) -> bool {
    let first = arguments.first().map(Path::new);
    first.is_some_and(|path| path.is_absolute() && path.file_stem() == Some(OsStr::new("rustc")))
}

/// Becomes the compiler. `arguments` are the path of rustc and its arguments.
pub fn compile(arguments: &[OsString]) -> Result<()> {
    let (rustc, rest) = arguments
        .split_first()
        .ok_or("cargo names no compiler to call")?;
    let mut compiler = if is_checked_by_clippy(rest) {
        let mut clippy = Command::new("clippy-driver");
        clippy.arg(rustc).args(rest);
        clippy
    } else {
        let mut plain = Command::new(rustc);
        plain.args(rest).args(["-D", "warnings"]);
        plain
    };
    let error = compiler.exec();
    Err(format!("could not run {compiler:?}: {error}"))
}

fn is_checked_by_clippy(arguments: &[OsString]) -> bool {
    let has = |argument: &str| arguments.iter().any(|given| given == OsStr::new(argument));
    has("--test") || has(BUILD_SCRIPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_rustc_comes_from_cargo_and_a_command_from_a_person() {
        let called = |argument: &str| is_called_by_cargo(&[OsString::from(argument)]);
        assert!(called("/usr/bin/rustc"));
        assert!(!called("test"));
        assert!(!called("rustc"));
        assert!(!is_called_by_cargo(&[]));
    }

    #[test]
    fn clippy_checks_code_with_its_tests_and_code_that_has_none() {
        let checked = |arguments: &[&str]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            is_checked_by_clippy(&arguments)
        };
        assert!(checked(&["--crate-name", "order", "--test"]));
        assert!(checked(&["--crate-name", "build_script_build"]));
        assert!(!checked(&["--crate-name", "order", "--crate-type", "lib"]));
    }
}
